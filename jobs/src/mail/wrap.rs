//! Lays out plain text: lines of at most 72 characters, at most one empty line in a row.

/// What mail programs show without wrapping by themselves.
const COLUMNS: usize = 72;

/// Wraps long lines at spaces; shorter ones, and words that do not fit, stay as they are.
pub(super) fn wrap(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim().lines().map(without_trailing_space) {
        if line.is_empty() && lines.last().is_some_and(String::is_empty) {
            continue;
        }
        wrap_line(line, &mut lines);
    }
    lines.push(String::new());
    lines.join("\n")
}

/// `-- ` announces a signature and keeps its space.
fn without_trailing_space(line: &str) -> &str {
    if line == "-- " { line } else { line.trim_end() }
}

fn wrap_line(line: &str, lines: &mut Vec<String>) {
    if line.chars().count() <= COLUMNS {
        lines.push(line.to_owned());
        return;
    }
    let mut current = String::new();
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        let width = current.chars().count() + 1 + word.chars().count();
        if !current.is_empty() && width > COLUMNS {
            lines.push(std::mem::take(&mut current));
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    lines.push(current);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_break_at_spaces_and_long_words_stay_whole() {
        let url = format!("https://example.com/{}", "x".repeat(100));
        let wrapped = wrap(&format!("{}\n\n\n\n{url}\n-- \nend  ", "seven__ ".repeat(20)));
        let expected =
            format!("{a}\n{a}\nseven__ seven__\n\n{url}\n-- \nend\n", a = ["seven__"; 9].join(" "));
        assert_eq!(wrapped, expected);
    }
}
