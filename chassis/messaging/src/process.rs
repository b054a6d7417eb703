//! Opening the bus of a process: its relays joined to every group, here and elsewhere.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    Options,
    bus::{Bus, Module},
    relay::Routes,
    running::Running,
};

/// All modules of a process, joined by their messages.
pub struct Process;

impl Process {
    /// Starts relays and subscribers. Whatever was left when the last process ended goes on.
    ///
    /// Must be called inside a Tokio runtime.
    pub fn start(modules: Vec<Module>) -> Running {
        Self::open(Bus::of(modules))
    }

    /// Starts with other numbers than the default ones.
    pub fn start_with(modules: Vec<Module>, options: Options) -> Running {
        Self::open(Bus { options, ..Bus::of(modules) })
    }

    /// Starts a process whose modules also talk to groups elsewhere. What those have to say comes in
    /// through [`Running::inlet`].
    ///
    /// Waits for nobody. Must be called inside a Tokio runtime.
    pub fn open(bus: Bus) -> Running {
        let Bus { modules, elsewhere, siblings, options } = bus;
        let names = modules.iter().map(|module| module.name);
        let mut running = Running::new(options, elsewhere.iter().map(|group| group.name), names);
        let mut answered: BTreeSet<&str> =
            modules.iter().flat_map(|module| module.subscriptions.answered()).collect();
        // Which of their channels are for commands is not known here, and makes no difference.
        answered.extend(elsewhere.iter().flat_map(|group| &group.channels));
        let mut routes = Routes { elsewhere, answered, siblings, ..Routes::default() };
        let mut sources = Vec::new();
        for Module { name, db, subscriptions } in modules {
            sources.push((name, db.clone()));
            let channels = subscriptions.channels();
            if channels.is_empty() {
                continue;
            }
            let target = running.subscribe(db, subscriptions);
            for channel in channels {
                routes.here.entry(channel).or_default().push(target.clone());
            }
        }
        let routes = Arc::new(routes);
        for (name, db) in sources {
            running.relay(name, db, &routes);
        }
        running
    }
}
