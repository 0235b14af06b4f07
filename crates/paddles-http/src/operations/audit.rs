//! Who did what.

use crate::openapi::{Operation, Parameter, array_of, named};

pub(crate) fn list() -> Operation {
    Operation::new("audit_list", "Who did what, newest first")
        .details(
            "Every change but ordinary reports, whose changes of a status are in the history of their job. Old and new \
             values are those that changed.",
        )
        .query(Parameter::history("How many entries; 100 without it"))
        .query([
            Parameter::text("who", "Only what this one did: `token NAME`, `network NETWORK`, `nobody`, `command line`"),
            Parameter::text("kind", "Only what was done to this kind of thing: run, job, node, queue or token"),
            Parameter::text("name", "Only what was done to the thing of this name; a job's is `RUN/ID`"),
        ])
        .answers(array_of(&named("AuditEntry")))
        .links_to_next()
}
