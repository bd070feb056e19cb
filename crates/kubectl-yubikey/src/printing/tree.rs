//! Trees.

/// A line and what hangs below it. Texts are clean and painted already.
#[derive(Debug, Clone, Default)]
pub struct Node {
    text: String,
    below: Vec<Node>,
}

impl Node {
    /// A line with nothing below it yet.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), below: Vec::new() }
    }

    /// Hangs a node below.
    pub fn push(&mut self, node: Self) {
        self.below.push(node);
    }

    /// Hangs a line below.
    pub fn line(&mut self, text: impl Into<String>) {
        self.push(Self::new(text));
    }

    /// As text, the root at the margin.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.text);
        self.branches("", &mut text);
        text
    }

    fn branches(&self, margin: &str, text: &mut String) {
        for (at, node) in self.below.iter().enumerate() {
            let last = at + 1 == self.below.len();
            let (fork, rest) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            text.extend([margin, fork, &node.text, "\n"]);
            node.branches(&format!("{margin}{rest}"), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hang_where_they_belong() {
        let mut root = Node::new("onboarding");
        let mut rollout = Node::new("staff");
        rollout.line("ann");
        rollout.line("bob");
        root.push(rollout);
        root.line("eve");
        assert_eq!(root.text(), "onboarding\n├─ staff\n│  ├─ ann\n│  └─ bob\n└─ eve\n");
    }
}
