//! The real client, teuthology.

use crate::python_programs::PythonPrograms;

/// The release that the tests were written against, and the one Python that it supports and its dependencies have binaries for.
pub(crate) const TEUTHOLOGY: PythonPrograms = PythonPrograms {
    requirement: "teuthology==1.3.0",
    folder: "target/teuthology-venv",
    pythons: &["3.11"],
    program: "teuthology-report",
    tests: "the tests of the real client",
};
