//! The user who runs the tests' Postgres when we are root, which Postgres refuses to be.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// Users that need no rights of their own, the one that Postgres' package makes first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// Who runs the server's programs.
pub(crate) enum Account {
    /// We ourselves.
    Ours,
    /// Somebody without rights, because we are root.
    Other { user: u32, group: u32 },
}

impl Account {
    pub(crate) async fn choose() -> Result<Self> {
        if !is_root().await? {
            return Ok(Self::Ours);
        }
        let users = fs::read_to_string("/etc/passwd").context("/etc/passwd cannot be read")?;
        match UNPRIVILEGED.iter().find_map(|name| find(&users, name)) {
            Some(account) => Ok(account),
            None => bail!(
                "PostgreSQL does not run as root, and there is neither a user `postgres` nor \
                 `nobody` to run it: `useradd --system postgres` makes one"
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
pub(crate) async fn is_root() -> Result<bool> {
    let id = Command::new("id").arg("-u").output().await.context("`id -u` does not run")?;
    Ok(id.stdout.trim_ascii() == b"0")
}

/// Looks a name up in the lines of /etc/passwd: `name:password:user:group:…`.
fn find(users: &str, name: &str) -> Option<Account> {
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let [_, _, user, group, ..] = fields.into_iter().find(|fields| fields[0] == name)?[..] else {
        return None;
    };
    Some(Account::Other { user: user.parse().ok()?, group: group.parse().ok()? })
}
