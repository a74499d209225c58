//! What the files of a packaged model say of it: `MLmodel`, `requirements.txt`, `conda.yaml`, `python_env.yaml`.

use super::requirements::{Requirements, add_requirements, add_requirements_txt};
use crate::entities::MlModel;
use crate::tracking::{parse_conda_yaml, parse_mlmodel, parse_python_env};

/// A packaged model as far as its files were read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packaged {
    /// Its `MLmodel`.
    pub mlmodel: Option<MlModel>,
    requirements: Option<Requirements>,
    conda: Option<Vec<String>>,
    python_env: Option<Vec<String>>,
    /// Files that could not be read, as sentences.
    pub problems: Vec<String>,
}

/// One of these files, read.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// `MLmodel`
    MlModel(Box<MlModel>),
    /// `requirements.txt`
    Requirements(Requirements),
    /// `conda.yaml`
    Conda(Vec<String>),
    /// `python_env.yaml`
    PythonEnv(Vec<String>),
    /// It could not be read: a sentence.
    Unreadable(String),
}

/// The names of the files that are read.
pub const PIECES: [&str; 4] = ["MLmodel", "requirements.txt", "conda.yaml", "python_env.yaml"];

impl Piece {
    /// Reads one of [`PIECES`]. Takes its time: call it off the UI thread.
    pub fn read(name: &str, bytes: &[u8]) -> Option<Self> {
        let read = match name {
            "MLmodel" => parse_mlmodel(bytes).map(|model| Self::MlModel(Box::new(model))),
            "conda.yaml" => parse_conda_yaml(bytes).map(Self::Conda),
            "python_env.yaml" => parse_python_env(bytes).map(Self::PythonEnv),
            "requirements.txt" => {
                let mut requirements = Requirements::new();
                add_requirements_txt(&mut requirements, &String::from_utf8_lossy(bytes));
                Ok(Self::Requirements(requirements))
            }
            _ => return None,
        };
        Some(read.unwrap_or_else(|error| Self::Unreadable(error.to_string())))
    }
}

impl Packaged {
    /// Adds what a file said.
    pub fn take(&mut self, piece: Piece) {
        match piece {
            Piece::MlModel(model) => self.mlmodel = Some(*model),
            Piece::Requirements(requirements) => self.requirements = Some(requirements),
            Piece::Conda(lines) => self.conda = Some(lines),
            Piece::PythonEnv(lines) => self.python_env = Some(lines),
            Piece::Unreadable(why) => self.problems.push(why),
        }
    }

    /// What the model needs, `requirements.txt` before conda's and virtualenv's words; `None` if nothing says so.
    pub fn requirements(&self) -> Option<Requirements> {
        let mut all = Requirements::new();
        for lines in [&self.python_env, &self.conda].into_iter().flatten() {
            add_requirements(&mut all, lines.iter().map(String::as_str));
        }
        all.extend(self.requirements.clone().unwrap_or_default());
        let said = self.requirements.is_some() || self.conda.is_some() || self.python_env.is_some();
        said.then_some(all)
    }
}
