//! `import`: a list of people becomes a report by row, and a rollout.

mod columns;
mod rows;

use std::path::PathBuf;

use clap::Args;
use kube::Api;
use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    fault::{Exit, Fault, Result},
    options::{Global, Output},
    printing::{self, Table, Tone},
    terminal::Terminal,
};

use self::rows::{Found, Outcome};

/// Largest file that is read.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Of `import`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads the operator's own table (login, id, model, profile attributes), Okta's CSV of people, an HR export, or the\ntable of Okta's Workflows template, whose open rows are taken over. Columns are known by their usual names; --column\nnames others. Nothing is created. Ends with 3 if a row cannot be used.\n\nExamples:\n  kubectl yubikey import people.csv --model yubikey-5c-nfc\n  kubectl yubikey import hr.csv --column login='Work Email' --model yubikey-5c-nfc -o yaml > rollout.yaml"
)]
pub struct Arguments {
    /// A CSV file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The key model of whoever has none in the file
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Which column is what, as in login='Work Email'; login, id, model or state
    #[arg(long, value_name = "FIELD=HEADER", value_parser = columns::given)]
    column: Vec<(columns::Field, String)>,
    /// The connection to order with, whose models are compared if you may see it
    #[arg(long, value_name = "NAME", default_value = api::DEFAULT_CONNECTION)]
    connection: String,
    /// Ask no cluster
    #[arg(long)]
    offline: bool,
    /// Name of the rollout
    #[arg(long, value_name = "NAME", default_value = "import")]
    name: String,
    /// Print the rollout's manifest instead of the report; it begins as a dry run
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Output>,
    /// Print the manifest without the rows that cannot be used
    #[arg(long, requires = "output")]
    skip_faulty: bool,
}

/// Runs it.
///
/// # Errors
/// If the file cannot be read as a table.
pub async fn run(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    let text = text(&arguments.file).await?;
    let models = if arguments.offline { None } else { models(global, arguments, terminal).await };
    let found = rows::read(&text, &arguments.column, arguments.model.as_deref(), models.as_deref())?;
    let faulty = found.iter().filter(|row| row.is_faulty()).count();
    let usable: Vec<_> = found.iter().filter(|row| row.outcome == Outcome::Ordered).collect();
    let summary = format!(
        "{} rows: {} usable, {faulty} with faults, {} that need nothing.",
        found.len(),
        usable.len(),
        found.len() - usable.len() - faulty
    );
    match arguments.output {
        Some(Output::Json | Output::Yaml) if faulty == 0 || arguments.skip_faulty => {
            for row in found.iter().filter(|row| row.is_faulty()) {
                terminal.warn(&format!("line {} is left out: {}", row.line, row.says()));
            }
            if usable.is_empty() {
                return Err(Fault::new(
                    format!("no row can be used. {summary}"),
                    "see the report, without -o",
                ));
            }
            let namespace = match global.namespace.clone() {
                Some(namespace) => namespace,
                None if arguments.offline => "default".to_owned(),
                None => Cluster::of(global).await?.namespace,
            };
            let manifest = manifest(arguments, &namespace, &usable);
            terminal.print(&printing::document(&manifest, arguments.output.unwrap_or(Output::Yaml))?)?;
        }
        Some(Output::Json | Output::Yaml) => {
            terminal.print(&report(&found, terminal))?;
            return Err(Fault {
                exit: Exit::Found,
                ..Fault::new(
                    format!("no manifest was printed. {summary}"),
                    "correct the file, or add --skip-faulty",
                )
            });
        }
        Some(Output::Wide) | None => terminal.print(&report(&found, terminal))?,
    }
    terminal.tell(&summary);
    Ok(Exit::found(faulty > 0))
}

async fn text(path: &std::path::Path) -> Result<String> {
    let wrong =
        |why: String| Fault::new(format!("{} cannot be read: {why}", path.display()), "name a CSV file");
    let length = tokio::fs::metadata(path).await.map_err(|error| wrong(error.to_string()))?.len();
    if length > LARGEST {
        return Err(wrong(format!("it has {length} bytes, and at most {LARGEST} are read")));
    }
    let bytes = tokio::fs::read(path).await.map_err(|error| wrong(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| wrong("it is no UTF-8; save it as CSV UTF-8".to_owned()))
}

/// The models of the connection; `None` if they cannot be compared.
async fn models(global: &Global, arguments: &Arguments, terminal: &Terminal) -> Option<Vec<String>> {
    let found = async {
        let cluster = Cluster::of(global).await?;
        let api = Api::<api::connection::YubiKeyConnection>::all(cluster.client.clone());
        let doing = format!("read connection {}", arguments.connection);
        api.get(&arguments.connection).await.map_err(|error| Fault::of_api(&doing, &error))
    };
    match found.await {
        Ok(connection) => Some(connection.spec.keys.into_iter().map(|key| key.name).collect()),
        Err(fault) => {
            terminal.warn(&format!("key models are not compared with the connection's: {}", fault.what));
            None
        }
    }
}

fn report(found: &[Found], terminal: &Terminal) -> String {
    let mut table = Table::new(&["LINE", "WHO", "KEY", "RESULT"]);
    for row in found {
        let tone = match row.outcome {
            Outcome::Ordered => Tone::Good,
            Outcome::Done | Outcome::Superseded => Tone::Plain,
            Outcome::Faulty(_) => Tone::Bad,
        };
        let who = row.login.clone().or_else(|| row.id.clone()).unwrap_or_default();
        let plain = |text: String| (text, Tone::Plain);
        table.toned(vec![
            plain(row.line.to_string()),
            plain(who),
            plain(row.model.clone().unwrap_or_default()),
            (row.says(), tone),
        ]);
    }
    table.text(terminal.paint)
}

fn manifest(arguments: &Arguments, namespace: &str, usable: &[&Found]) -> Value {
    let list: Vec<_> = usable
        .iter()
        .map(|row| {
            let mut entry = match (&row.id, &row.login) {
                (Some(id), _) => json!({"id": id}),
                (None, login) => json!({"login": login}),
            };
            if row.model != arguments.model {
                entry["key"] = json!({"model": row.model});
            }
            entry
        })
        .collect();
    let taken_over = usable.iter().any(|row| row.under_way);
    let mut template = json!({});
    if let Some(model) = &arguments.model {
        template["key"] = json!({"model": model});
    }
    let mut spec = json!({
        "connectionRef": {"name": arguments.connection}, "source": {"users": {"list": list}},
        "mode": "DryRun", "budget": usable.len(),
    });
    if taken_over {
        // As docs/migrating.md says: these people have an enrolment, and their orders are nobody's to cancel.
        template["existingKeyPolicy"] = json!("Adopt");
        template["deletionPolicy"] = json!("Orphan");
        spec["skip"] = json!({"preRegisteredKey": false});
    }
    if template.as_object().is_some_and(|template| !template.is_empty()) {
        spec["template"] = json!({"spec": template});
    }
    json!({
        "apiVersion": format!("{}/{}", api::GROUP, api::VERSION), "kind": "YubiKeyRollout",
        "metadata": {"name": arguments.name, "namespace": namespace}, "spec": spec,
    })
}
