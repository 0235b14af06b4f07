//! Tokens come back as they were given, and are taken back for good.

use paddles_domain::{Role, Token, TokenHash, TokenName};

use super::{act, at};
use crate::{Repository, TokenCreated, TokenRevoked};

fn token(name: &str, role: Role) -> Token {
    let hash = TokenHash::of(name);
    Token { name: TokenName::new(name).unwrap(), role, hash, created: at(1), expires: None, revoked: None }
}

pub fn a_token_comes_back(lab: &dyn Repository) {
    let until = Token { expires: Some(at(9)), ..token("b", Role::Operator) };
    assert_eq!(lab.token_create(&until, &act(1)).unwrap(), TokenCreated::Created);
    assert_eq!(lab.token_create(&token("A", Role::Admin), &act(1)).unwrap(), TokenCreated::Created);
    assert_eq!(lab.token_create(&token("b", Role::Admin), &act(2)).unwrap(), TokenCreated::AlreadyExists);
    assert_eq!(lab.token_list().unwrap(), [token("A", Role::Admin), until]);
}

pub fn a_token_is_revoked_once(lab: &dyn Repository) {
    lab.token_create(&token("t", Role::Reporter), &act(1)).unwrap();
    let revoke = |name: &str, second| lab.token_revoke(&TokenName::new(name).unwrap(), &act(second)).unwrap();
    assert_eq!(revoke("none", 2), TokenRevoked::NotFound);
    assert_eq!((revoke("t", 2), revoke("t", 3)), (TokenRevoked::Revoked, TokenRevoked::AlreadyRevoked));
    assert_eq!(lab.token_list().unwrap()[0].revoked, Some(at(2)));
    assert_eq!(lab.token_create(&token("t", Role::Admin), &act(4)).unwrap(), TokenCreated::AlreadyExists);
}
