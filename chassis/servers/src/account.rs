//! The user who runs a server when we are root, which servers refuse to be.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// Who runs a server's programs.
pub(crate) enum Account {
    /// We ourselves.
    Ours,
    /// Somebody without rights, because we are root.
    Other { user: u32, group: u32 },
}

impl Account {
    /// The first of `users` that exists, when we are root. They need no rights of their own.
    pub(crate) fn choose(users: &[&str]) -> Result<Self> {
        if !is_root() {
            return Ok(Self::Ours);
        }
        let known = fs::read_to_string("/etc/passwd").context("/etc/passwd cannot be read")?;
        match users.iter().find_map(|name| find(&known, name)) {
            Some(account) => Ok(account),
            None => bail!(
                "the server does not run as root, and there is none of the users {} to run it: \
                 `useradd --system {}` makes one",
                users.join(", "),
                users.first().unwrap_or(&"nobody")
            ),
        }
    }

    /// A command that this account runs.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // A folder that every user can enter: ours may be closed to the other account.
        command.current_dir("/");
        if let Self::Other { user, group } = *self {
            command.uid(user).gid(group);
        }
        command
    }

    /// Whether this account can go to a folder, which takes the right to enter each one above it.
    pub(crate) async fn reaches(&self, folder: &Path) -> Result<bool> {
        let script = r#"cd "$0""#;
        let mut cd = self.command(Path::new("/bin/sh"));
        Ok(cd.args(["-c", script]).arg(folder).output().await?.status.success())
    }

    /// Makes this account the owner of a folder.
    pub(crate) fn own(&self, folder: &Path) -> Result<()> {
        match *self {
            Self::Ours => Ok(()),
            Self::Other { user, group } => chown(folder, Some(user), Some(group))
                .with_context(|| format!("the owner of {} cannot be changed", folder.display())),
        }
    }
}

/// Whether this process is root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Looks a name up in the lines of /etc/passwd: `name:password:user:group:…`.
fn find(users: &str, name: &str) -> Option<Account> {
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let [_, _, user, group, ..] = fields.into_iter().find(|fields| fields[0] == name)?[..] else {
        return None;
    };
    Some(Account::Other { user: user.parse().ok()?, group: group.parse().ok()? })
}
