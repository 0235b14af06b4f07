//! Text on a terminal. Names come from whoever may report: none of their characters may begin a line, a column or a colour.

/// The text with its control characters written as escapes.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() { out.extend(character.escape_default()) } else { out.push(character) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_moves_the_cursor() {
        assert_eq!(shown("a\nb\tc\u{1b}[31m\u{9b}é'\\"), "a\\nb\\tc\\u{1b}[31m\\u{9b}é'\\");
    }
}
