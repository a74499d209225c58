//! What a view, a shortcut, the palette or a drop may ask for. One vocabulary, carried out in one place.

use std::path::PathBuf;

use super::artifacts::ArtifactsCommand;
use super::bench::BenchCommand;
use super::chat::{ChatCommand, PromptsCommand};
use super::compare::CompareCommand;
use super::endpoints::EndpointsCommand;
use super::experiments::ExperimentsCommand;
use super::journal::JournalCommand;
use super::navigation::{ModelKind, Route};
use super::policy::PolicyCommand;
use super::registry::RegistryCommand;
use super::run::RunCommand;
use super::runs::RunsCommand;
use super::serve::ServeCommand;
use super::settings::{Density, ThemeChoice};
use super::traces::TracesCommand;
use crate::tracking::ConnectRequest;

/// Something to be done.
#[derive(Clone, Debug)]
pub enum Command {
    /// Goes somewhere.
    Go(Route),
    /// Goes somewhere in the same section without a step in the history: Back does not lead here.
    Replace(Route),
    /// Opens a model's board beside those that are open.
    OpenBeside(ModelKind, String),
    /// Closes a model's board; those beside it stay.
    CloseBeside(ModelKind, String),
    /// Goes where the user was before.
    Back,
    /// Undoes `Back`.
    Forward,
    /// Asks the server anew for what is shown.
    Refresh,

    /// Opens a server.
    Connect(ConnectRequest),
    /// Asks for a database file and opens it.
    PickFile,
    /// Opens a database file.
    OpenFile(PathBuf),
    /// Opens a fresh copy of the sample workspace.
    OpenSample,
    /// Looks into another of MLflow's workspaces in the same store.
    SwitchWorkspace(String),
    /// Gives up connecting.
    CancelConnect,
    /// Leaves the server and shows the Connect screen.
    Disconnect,
    /// Forgets a server of the recent list.
    ForgetServer(String),

    /// About the list of experiments.
    Experiments(ExperimentsCommand),
    /// About the table of runs.
    Runs(RunsCommand),
    /// About the run that is shown.
    Run(RunCommand),
    /// About traces.
    Traces(TracesCommand),
    /// About files.
    Artifacts(ArtifactsCommand),
    /// About models, versions and aliases.
    Registry(RegistryCommand),
    /// About the promotion policy.
    Policy(PolicyCommand),
    /// About conversations.
    Chat(ChatCommand),
    /// About the registry's prompts, for a message.
    Prompts(PromptsCommand),
    /// About the bench.
    Bench(BenchCommand),
    /// About endpoints as they are kept.
    Endpoints(EndpointsCommand),
    /// About comparisons.
    Compare(CompareCommand),
    /// About models that are served on this machine.
    Serve(ServeCommand),
    /// About the journal.
    Journal(JournalCommand),

    /// Puts text on the clipboard and says so: (text, what it is).
    Copy(String, &'static str),
    /// Shows a file or folder of this machine in the file manager.
    ShowInFolder(PathBuf),
    /// Opens a link in the browser.
    OpenUrl(String),
    /// Takes a toast away.
    DismissNotice(u64),
    /// Follows the system, or not.
    SetTheme(ThemeChoice),
    /// Row height of tables.
    SetDensity(Density),
    /// Shows or hides the chat beside whatever is shown.
    ToggleChatPanel,
    /// Shows or hides the list at the left.
    ToggleList,
    /// Opens the palette.
    OpenPalette,
    /// Asks the server for what has these words in its name; none gives up what was asked.
    LookUp(String),
    /// Lists the keys.
    ShowShortcuts,
    /// Puts the cursor into the filter of the screen.
    FocusFilter,
    /// Gives the keyboard to the next pane.
    NextPane,
    /// Gives the keyboard to the pane before.
    PreviousPane,
    /// Asks which endpoints to talk to side by side.
    ChooseEndpoints,
    /// Asks which prompt to insert into the message.
    InsertPrompt,
    /// Asks which version of the board to go to.
    GoToVersion,
}

/// Where views put what they ask for.
#[derive(Debug, Default)]
pub struct Commands(Vec<Command>);

impl Commands {
    /// Asks for something.
    pub fn push(&mut self, command: impl Into<Command>) {
        self.0.push(command.into());
    }

    /// Takes everything asked for so far.
    pub fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.0)
    }
}

macro_rules! wrapped_by {
    ($($variant:ident($inner:ty)),* $(,)?) => {
        $(impl From<$inner> for Command {
            fn from(command: $inner) -> Self {
                Self::$variant(command)
            }
        })*
    };
}

wrapped_by! {
    Go(Route),
    Connect(ConnectRequest),
    Experiments(ExperimentsCommand),
    Runs(RunsCommand),
    Run(RunCommand),
    Traces(TracesCommand),
    Artifacts(ArtifactsCommand),
    Registry(RegistryCommand),
    Policy(PolicyCommand),
    Chat(ChatCommand),
    Prompts(PromptsCommand),
    Endpoints(EndpointsCommand),
    Compare(CompareCommand),
    Journal(JournalCommand),
}
