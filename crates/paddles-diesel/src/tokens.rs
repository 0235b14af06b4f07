//! Questions about tokens.

use chrono::NaiveDateTime;
use diesel::sql_types::{Nullable, Text, Timestamp as SqlTimestamp};
use diesel::{QueryableByName, RunQueryDsl};
use paddles_domain::{Act, Deed, Timestamp, Token, TokenHash, TokenName};
use paddles_repository::{RepositoryError, TokenCreated, TokenRepository, TokenRevoked};

use crate::statement::{Statement, run_together};
use crate::{DieselRepository, audit};

impl TokenRepository for DieselRepository {
    fn token_create(&self, token: &Token, act: &Act) -> Result<TokenCreated, RepositoryError> {
        let sql = "INSERT INTO tokens (name, role, hash, created, expires, revoked) VALUES (?, ?, ?, ?, ?, ?) \
            ON CONFLICT (name) DO NOTHING";
        self.database.write(|connection| {
            let insert = Statement::new(sql)
                .bind(token.name.as_str())
                .bind(token.role.as_str())
                .bind(token.hash.to_text().as_str())
                .bind(token.created)
                .bind(token.expires)
                .bind(token.revoked);
            if insert.run(connection)? == 0 {
                return Ok(TokenCreated::AlreadyExists);
            }
            run_together(connection, audit::keep(act, [Deed::of_new_token(token)]))?;
            Ok(TokenCreated::Created)
        })
    }

    fn token_list(&self) -> Result<Vec<Token>, RepositoryError> {
        let sql = "SELECT name, role, hash, created, expires, revoked FROM tokens ORDER BY name";
        let rows: Vec<TokenRow> = self.database.read(|connection| Statement::new(sql).load(connection))?;
        // What cannot have been written here opens nothing.
        Ok(rows.into_iter().filter_map(TokenRow::into_token).collect())
    }

    fn token_revoke(&self, name: &TokenName, act: &Act) -> Result<TokenRevoked, RepositoryError> {
        self.database.write(|connection| {
            let revoke = Statement::new("UPDATE tokens SET revoked = ? WHERE name = ? AND revoked IS NULL");
            if revoke.bind(act.when).bind(name.as_str()).run(connection)? == 1 {
                run_together(connection, audit::keep(act, [Deed::of_revoked_token(name)]))?;
                return Ok(TokenRevoked::Revoked);
            }
            let known = Statement::new("SELECT name, role, hash, created, expires, revoked FROM tokens WHERE name = ?");
            let known: Vec<TokenRow> = known.bind(name.as_str()).load(connection)?;
            Ok(if known.is_empty() { TokenRevoked::NotFound } else { TokenRevoked::AlreadyRevoked })
        })
    }
}

#[derive(QueryableByName)]
struct TokenRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    hash: String,
    #[diesel(sql_type = SqlTimestamp)]
    created: NaiveDateTime,
    #[diesel(sql_type = Nullable<SqlTimestamp>)]
    expires: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<SqlTimestamp>)]
    revoked: Option<NaiveDateTime>,
}

impl TokenRow {
    fn into_token(self) -> Option<Token> {
        Some(Token {
            name: TokenName::from_stored(self.name),
            role: self.role.parse().ok()?,
            hash: TokenHash::from_stored(&self.hash)?,
            created: Timestamp::from_utc(self.created),
            expires: self.expires.map(Timestamp::from_utc),
            revoked: self.revoked.map(Timestamp::from_utc),
        })
    }
}
