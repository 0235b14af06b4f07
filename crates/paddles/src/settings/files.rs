//! Values that stand in files, as secrets are mounted: `PADDLES_X_FILE` names the file of `PADDLES_X`, for every setting.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};

use super::setting::SettingError;

const SUFFIX: &str = "_FILE";

/// More than any setting takes: a wrong name must not fill the memory.
const LARGEST: u64 = 64 * 1024;

/// Which variables were read from files: from `PADDLES_X` to the file's name.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<String, String>);

impl Files {
    /// Puts the texts of files in the place of their names. What cannot be read stops the start: serving with a default
    /// would look like an empty lab.
    pub(super) fn read(variables: &mut Vec<(String, String)>) -> Result<Self, SettingError> {
        let mut files = Self::default();
        let set: Vec<String> = variables.iter().map(|(name, _)| name.clone()).collect();
        for (name, value) in variables {
            let Some(setting) = name.strip_suffix(SUFFIX).map(str::to_owned) else { continue };
            let refuse = |takes: String| SettingError { origin: name.clone(), value: value.clone(), takes };
            if set.contains(&setting) {
                return Err(refuse(format!("the name of a file only where {setting} is not set")));
            }
            let text =
                text_of(value).map_err(|error| refuse(format!("the name of a file with text in it: {error}")))?;
            files.0.insert(setting.clone(), std::mem::replace(value, text));
            *name = setting;
        }
        Ok(files)
    }

    /// A line of [`Settings`](super::Settings) with the file from which its value came, if it came from one.
    pub(super) fn tell(&self, line: String) -> String {
        let from_file = || {
            let (shown, variable) = line.strip_suffix(')')?.rsplit_once(" (environment")?;
            let variable = variable.strip_prefix(", ").or_else(|| line.split('=').next())?;
            let file = self.0.get(variable)?;
            Some(format!("{shown} ({file}, {variable}{SUFFIX})"))
        };
        from_file().unwrap_or(line)
    }

    /// A refusal that names the file where the value came from one, and keeps what is in it to itself.
    pub(super) fn conceal(&self, refused: SettingError) -> SettingError {
        if !self.0.contains_key(&refused.origin) {
            return refused;
        }
        let origin = format!("the text in {}, by {}{SUFFIX},", self.0[&refused.origin], refused.origin);
        SettingError { origin, value: "***".to_owned(), ..refused }
    }
}

/// The text in a file, without the end of its last line.
fn text_of(file: &str) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(LARGEST + 1).read_to_string(&mut text)?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    match text.len() as u64 {
        0 => Err(io::Error::other("it is empty")),
        length if length > LARGEST => Err(io::Error::other(format!("it is larger than {LARGEST} bytes"))),
        _ => Ok(text),
    }
}
