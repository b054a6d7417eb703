//! How one port belongs to many modules: on a wire it is a part of the module's own door, set apart by the
//! names of its methods.

use std::{borrow::Cow, sync::Arc};

use ports::{Call, Reply, Transport, Unreachable, async_trait};

use crate::{Operations, OperationsSkeleton, RemoteOperations};

/// Begins the name of each method on a wire. No method of a port has a dot in its name.
const PREFIX: &str = "operations.";

/// Answers what is asked of a module on `wire`, and what is asked of its operations with `desk`.
pub fn answer(wire: Arc<dyn Transport>, desk: Arc<dyn Operations>) -> Arc<dyn Transport> {
    Arc::new(Door { wire, desk: OperationsSkeleton::new(desk) })
}

/// The operations of `module`, which `transport` leads to.
pub fn elsewhere(module: &'static str, transport: Arc<dyn Transport>) -> Arc<dyn Operations> {
    RemoteOperations::over(Arc::new(Way { module, transport }))
}

struct Door {
    wire: Arc<dyn Transport>,
    desk: Arc<dyn Transport>,
}

struct Way {
    module: &'static str,
    transport: Arc<dyn Transport>,
}

#[async_trait]
impl Transport for Door {
    async fn call(&self, mut call: Call) -> Result<Reply, Unreachable> {
        let Some(method) = call.method.strip_prefix(PREFIX).map(str::to_owned) else {
            return self.wire.call(call).await;
        };
        call.method = Cow::Owned(method);
        self.desk.call(call).await
    }
}

#[async_trait]
impl Transport for Way {
    async fn call(&self, mut call: Call) -> Result<Reply, Unreachable> {
        call.method = Cow::Owned(format!("{PREFIX}{}", call.method));
        call.module = Cow::Borrowed(self.module);
        self.transport.call(call).await
    }
}
