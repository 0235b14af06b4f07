//! The contract of the port, on both databases, and behind a pooler.

mod sqlite {
    paddles_repository::contract_tests!(crate::Lab::sqlite);
}

mod postgres {
    paddles_repository::contract_tests!(crate::Lab::postgres);
}

mod behind_pgbouncer {
    paddles_repository::contract_tests!(crate::Lab::behind_pgbouncer);
}
