//! The contract of the port, on both databases.

mod sqlite {
    paddles_repository::contract_tests!(crate::Lab::sqlite);
}

mod postgres {
    paddles_repository::contract_tests!(crate::Lab::postgres);
}
