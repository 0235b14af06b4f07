//! Rows that are asked for by their names, several in one statement.

use crate::statement::{Bind, Statement};

/// `select` of the rows that are one of `names`, each of which has a value for each of `columns`. As many statements are kept
/// prepared as there are powers of two: places that are left over ask for nothing.
pub(crate) fn select_asked<const N: usize>(columns: [&str; N], names: Vec<[Bind; N]>, select: &str) -> Statement {
    let places = names.len().next_power_of_two();
    let row = format!("({})", vec!["?"; N].join(", "));
    let rows = vec![row; places].join(", ");
    let is_asked = columns.map(|column| format!("asked.{} = {column}", name_of(column))).join(" AND ");
    let sql = format!(
        "WITH asked ({}) AS (VALUES {rows}) {select} JOIN asked ON {is_asked}",
        columns.map(name_of).join(", ")
    );
    let left_over = (places - names.len()) * N;
    Statement::new(sql).binds(names.into_iter().flatten()).binds((0..left_over).map(|_| Bind::Text(None)))
}

/// `runs.name` is called `runs_name`.
fn name_of(column: &str) -> String {
    column.replace('.', "_")
}

/// What was found under each of `names`, in their order. Who is named twice was found twice.
pub(crate) fn in_order<K, T>(names: &[K], found: Vec<T>, is: impl Fn(&T, &K) -> bool) -> Vec<Option<T>> {
    let mut answers: Vec<Option<T>> = names.iter().map(|_| None).collect();
    for row in found {
        let place = names.iter().zip(&answers).position(|(name, answer)| answer.is_none() && is(&row, name));
        if let Some(answer) = place.and_then(|place| answers.get_mut(place)) {
            *answer = Some(row);
        }
    }
    answers
}
