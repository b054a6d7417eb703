//! What every bus promises: two or three processes, each with databases of its own, joined by it.

pub(crate) mod broker;
mod chaos;
mod commands;
mod delivery;
mod gathering;
pub(crate) mod http;
mod instances;
mod memory;
mod outages;
mod overload;
pub(crate) mod rabbitmq;

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use kernel::Message;
use messaging::{Module, Options, Running, Subscriptions};
use storage::Database;

use crate::world::*;

/// A way to join processes.
#[async_trait]
pub(crate) trait Joint: Send + Sync {
    async fn new() -> Self;

    /// Starts a process. It may be started again under the same name when it has ended.
    async fn open(&self, process: Process) -> Node;
}

/// What a process is made of.
pub(crate) struct Process {
    pub name: &'static str,
    pub modules: Vec<Module>,
    /// Groups that live in other processes, with their channels.
    pub elsewhere: Vec<(&'static str, BTreeSet<&'static str>)>,
    pub options: Options,
}

/// A process at work.
pub(crate) struct Node {
    pub running: Running,
    pub socket: Box<dyn Socket>,
}

/// What a process has beside its messages.
#[async_trait]
pub(crate) trait Socket: Send + Sync {
    /// Closes in good order, once the messages are drained.
    async fn close(&mut self) {}

    /// Is gone at once.
    async fn die(&mut self) {}
}

impl Node {
    pub(crate) async fn drain(self) {
        let Self { running, mut socket } = self;
        running.drain(LIMIT).await.unwrap();
        socket.close().await;
    }

    /// As if it had been killed.
    pub(crate) async fn kill(self) {
        let Self { running, mut socket } = self;
        drop(running);
        socket.die().await;
    }
}

/// Processes that are joined by the bus `J`.
pub(crate) struct Town<J> {
    pub world: World,
    joint: J,
}

impl<J: Joint> Town<J> {
    pub(crate) async fn new(world: World) -> Self {
        Self { world, joint: J::new().await }
    }

    /// A process whose shop counts, and `groups` elsewhere that listen.
    pub(crate) async fn shop(&self, groups: &[&'static str], options: Options) -> (Database, Node) {
        let db = self.world.database("shop").await;
        let counts = BTreeSet::from([Counted::CHANNEL]);
        let node = self.joint.open(Process {
            name: "shop",
            modules: vec![module("shop", &db, Subscriptions::of("shop"))],
            elsewhere: groups.iter().map(|group| (*group, counts.clone())).collect(),
            options,
        });
        (db, node.await)
    }

    /// A process with `ear`, which listens to the shop as the group `name`.
    pub(crate) async fn ear(
        &self,
        name: &'static str,
        ear: &Arc<Ear>,
        options: Options,
    ) -> (Database, Node) {
        let hears = Subscriptions::of(name).on::<Counted>(Arc::clone(ear));
        self.listener(name, hears, options).await
    }

    /// A process that only listens.
    pub(crate) async fn listener(
        &self,
        name: &'static str,
        subscriptions: Subscriptions,
        options: Options,
    ) -> (Database, Node) {
        let db = self.world.database(name).await;
        let modules = vec![module(name, &db, subscriptions)];
        let node = self.joint.open(Process { name, modules, elsewhere: Vec::new(), options }).await;
        (db, node)
    }

    pub(crate) async fn open(&self, process: Process) -> Node {
        self.joint.open(process).await
    }
}

/// Waits until nothing is on its way between the processes.
pub(crate) async fn quiet(nodes: &[&Node]) {
    let running: Vec<_> = nodes.iter().map(|node| &node.running).collect();
    Running::all_quiet(&running, LIMIT).await.unwrap();
}

/// Rows are removed soon.
pub(crate) fn tidy() -> Options {
    Options { reclaim_every: std::time::Duration::from_millis(20), ..patient() }
}

/// Declares every check of the suite over a bus, on SQLite and on Postgres.
macro_rules! conformance {
    ($joint:ty) => {
        conformance! { $joint:
            delivery::a_message_reaches_a_group_in_another_process,
            delivery::the_order_of_a_key_holds_under_concurrent_writers,
            delivery::what_is_delivered_again_is_applied_once,
            delivery::several_groups_get_everything,
            delivery::a_poisoned_message_holds_back_its_own_key_only,
            delivery::what_concerns_nobody_there_is_acknowledged_too,
            commands::commands_and_answers_cross_processes,
            commands::a_chain_of_messages_crosses_processes_in_both_directions,
            gathering::what_several_answer_comes_together_once,
            gathering::whoever_is_dead_costs_the_deadline_and_hides_nobody_else,
            gathering::one_that_is_killed_meanwhile_has_one_outcome_all_the_same,
            outages::a_receiver_may_stop_and_start_again,
            outages::a_receiver_may_die_and_start_again,
            outages::a_receiver_that_dies_before_its_commit_gets_the_message_again,
            outages::a_sender_may_stop_and_start_again,
            outages::a_sender_may_die_and_start_again,
            overload::a_dead_group_holds_nobody_back_and_catches_up_completely,
            overload::a_group_may_be_behind_again_and_again,
            overload::a_slow_handler_is_not_given_more_than_it_can_take,
        }
    };
    ($joint:ty: $($part:ident :: $check:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let world = crate::world::World::sqlite();
                crate::bus::$part::$check(crate::bus::Town::<$joint>::new(world).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let world = crate::world::World::postgres();
                crate::bus::$part::$check(crate::bus::Town::<$joint>::new(world).await).await;
            })*
        }
    };
}
pub(crate) use conformance;
