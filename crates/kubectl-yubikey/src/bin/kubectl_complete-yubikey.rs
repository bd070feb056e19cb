//! What kubectl runs for the words that may follow `kubectl yubikey`.

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    print!("{}", kubectl_yubikey::complete::answer(&words));
}
