//! Taking in queues.

use diesel::QueryResult;
use paddles_domain::Queue;
use paddles_repository::{Copied, WhatIsHere};

use crate::claim::lock_queue;
use crate::connection::AnyConnection;
use crate::queues::{find, insert, write};

pub(super) fn import(connection: &mut AnyConnection, queues: &[Queue], here: WhatIsHere) -> QueryResult<Copied> {
    let mut copied = Copied::default();
    let mut by_name: Vec<&Queue> = queues.iter().collect();
    by_name.sort_by(|one, other| one.name.cmp(&other.name));
    for queue in by_name {
        if insert(queue).run(connection)? == 1 {
            copied.added += 1;
            continue;
        }
        let lock = lock_queue(connection);
        if find(connection, &queue.name, lock)?.as_ref() == Some(queue) {
            copied.same += 1;
        } else if here == WhatIsHere::Stays {
            copied.newer += 1;
        } else {
            write(queue).run(connection)?;
            copied.changed += 1;
        }
    }
    Ok(copied)
}
