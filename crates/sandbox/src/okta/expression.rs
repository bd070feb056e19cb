//! Okta's filter expressions as far as they are needed: `name eq "value"`, `and`, `or`, parentheses.

/// Longest expression that is taken, in characters: Okta refuses "overly complex or long" ones and names no number.
const LONGEST: usize = 4096;

/// Most terms that are taken.
const MOST: usize = 60;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    Eq(String, String),
    And(Vec<Expression>),
    Or(Vec<Expression>),
}

/// Whether `Ann` equals `ann`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capitals {
    Matter,
    Ignored,
}

impl Expression {
    /// Reads the whole text; none where Okta would refuse it.
    pub fn parse(text: &str) -> Option<Self> {
        if text.chars().count() > LONGEST {
            return None;
        }
        let mut parser = Parser { rest: text.trim(), terms: 0, depth: 0 };
        let parsed = parser.or()?;
        (parser.rest.is_empty() && parser.terms <= MOST).then_some(parsed)
    }

    /// Whether it uses these names only.
    pub fn uses_only(&self, names: &[&str]) -> bool {
        match self {
            Self::Eq(name, _) => names.contains(&name.as_str()),
            Self::And(parts) | Self::Or(parts) => parts.iter().all(|part| part.uses_only(names)),
        }
    }

    /// Whether it holds for something with these values; a name may have several.
    pub fn holds<'a>(&self, capitals: Capitals, values: &dyn Fn(&str) -> Vec<&'a str>) -> bool {
        match self {
            Self::Eq(name, wanted) => values(name).into_iter().any(|value| match capitals {
                Capitals::Matter => value == wanted,
                Capitals::Ignored => value.to_lowercase() == wanted.to_lowercase(),
            }),
            Self::And(parts) => parts.iter().all(|part| part.holds(capitals, values)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(capitals, values)),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    terms: usize,
    depth: usize,
}

impl Parser<'_> {
    fn or(&mut self) -> Option<Expression> {
        let mut parts = vec![self.and()?];
        while self.word("or") {
            parts.push(self.and()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Expression::Or(parts)) }
    }

    fn and(&mut self) -> Option<Expression> {
        let mut parts = vec![self.term()?];
        while self.word("and") {
            parts.push(self.term()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Expression::And(parts)) }
    }

    fn term(&mut self) -> Option<Expression> {
        if let Some(inner) = self.rest.strip_prefix('(') {
            self.depth += 1;
            self.rest = inner.trim_start();
            let expression = if self.depth > 8 { None } else { self.or() }?;
            self.rest = self.rest.strip_prefix(')')?.trim_start();
            self.depth -= 1;
            return Some(expression);
        }
        self.terms += 1;
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')))?;
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return None;
        }
        self.rest = rest.trim_start();
        // Operators are not case-sensitive.
        let operator = self.rest.get(..2)?;
        if !operator.eq_ignore_ascii_case("eq") {
            return None;
        }
        self.rest = self.rest[2..].trim_start();
        Some(Expression::Eq(name.to_string(), self.quoted()?))
    }

    /// `"…"` with `\"` and `\\` inside.
    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut letters = self.rest.strip_prefix('"')?.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = self.rest[at + 2..].trim_start();
                    return Some(value);
                }
                '\\' => value.push(letters.next()?.1),
                letter => value.push(letter),
            }
        }
        None
    }

    fn word(&mut self, word: &str) -> bool {
        let Some(start) = self.rest.get(..word.len()) else { return false };
        let after = &self.rest[word.len()..];
        if !start.eq_ignore_ascii_case(word) || !after.starts_with([' ', '(']) {
            return false;
        }
        self.rest = after.trim_start();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expression: &str, pairs: &[(&str, &'static str)]) -> bool {
        Expression::parse(expression).unwrap().holds(Capitals::Matter, &|name| {
            pairs.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value).collect()
        })
    }

    #[test]
    fn and_binds_closer_than_or_and_parentheses_closer_still() {
        let pairs = [("a", "1"), ("t.id", "x"), ("t.id", "y")];
        assert!(holds("a eq \"1\" or a eq \"2\" and a eq \"3\"", &pairs));
        assert!(!holds("(a eq \"1\" or a eq \"2\") and a eq \"3\"", &pairs));
        assert!(holds("(a EQ \"1\") and (t.id eq \"z\" or t.id eq \"y\")", &pairs));
    }

    #[test]
    fn quotes_can_stand_in_a_value() {
        let parsed = Expression::parse("profile.login eq \"a\\\"b\\\\c\"").unwrap();
        assert_eq!(parsed, Expression::Eq("profile.login".into(), "a\"b\\c".into()));
    }

    #[test]
    fn what_okta_refuses_is_refused() {
        let long = vec!["a eq \"1\""; MOST + 1].join(" or ");
        for text in [
            "",
            "a",
            "a eq 1",
            "a eq \"1",
            "a eq \"1\" or",
            "(a eq \"1\"",
            "a ne \"1\"",
            "a eq \"1\" b",
            &long,
        ] {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
        assert!(Expression::parse(&vec!["a eq \"1\""; MOST].join(" or ")).is_some());
    }
}
