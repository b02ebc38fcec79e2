//! The engine that runs the steps: DataFusion in this process, or a Ballista cluster.

use std::sync::Arc;

use anyhow::{Context, Result};
use ballista::extension::{SessionConfigExt, SessionContextExt};
use ballista_core::registry::BallistaFunctionRegistry;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::function::{GroupKernel, RowKernel};
use crate::sink::KeepRows;
use crate::{articles, beyond, candidates, compare, copies, result, stories, templates};

/// Where the steps of a job run.
#[derive(Debug, Clone)]
pub enum Where {
    /// In this process, on so many threads.
    Local {
        /// Partitions that are worked on at a time.
        partitions: usize,
    },
    /// On the cluster of a scheduler.
    Cluster {
        /// Its address, such as `df://10.0.0.1:50050`.
        scheduler: String,
        /// Parts that a step is cut into.
        partitions: usize,
    },
}

fn row_kernels() -> Vec<RowKernel> {
    [
        articles::row_kernels(),
        copies::row_kernels(),
        candidates::row_kernels(),
        beyond::row_kernels(),
        compare::row_kernels(),
        stories::row_kernels(),
        templates::row_kernels(),
        result::row_kernels(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn group_kernels() -> Vec<GroupKernel> {
    [
        copies::group_kernels(),
        candidates::group_kernels(),
        beyond::group_kernels(),
        compare::group_kernels(),
        stories::group_kernels(),
        templates::group_kernels(),
        result::group_kernels(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Settings that client, scheduler and executors have in common.
fn configured(config: SessionConfig, partitions: usize) -> SessionConfig {
    let config = config
        .with_target_partitions(partitions)
        // Articles are some kilobytes each.
        .with_batch_size(BATCH_ROWS)
        .with_parquet_pruning(false);
    let mut config = config;
    let options = config.options_mut();
    // What a task reads it works on: rows move where they must meet others, not to spread work.
    options.optimizer.enable_round_robin_repartition = false;
    // Kernels take plain columns.
    options.execution.parquet.schema_force_view_types = false;
    config
}

/// Rows that the engine hands to a kernel at a time.
const BATCH_ROWS: usize = 1024;

/// Kernels of a context.
pub(crate) fn register(context: &SessionContext) {
    row_kernels().into_iter().for_each(|kernel| context.register_udf(ScalarUDF::new_from_impl(kernel)));
    context.register_udf(result::story_id());
    context.register_udaf(AggregateUDF::new_from_impl(KeepRows::new()));
    group_kernels().into_iter().for_each(|kernel| context.register_udaf(AggregateUDF::new_from_impl(kernel)));
}

/// The kernels beside the engine's own functions, as executors look them up.
pub(crate) fn registry() -> BallistaFunctionRegistry {
    let mut registry = BallistaFunctionRegistry::default();
    for kernel in row_kernels() {
        registry.scalar_functions.insert(kernel.shape.name.to_owned(), Arc::new(ScalarUDF::new_from_impl(kernel)));
    }
    let story_id = result::story_id();
    registry.scalar_functions.insert(story_id.name().to_owned(), Arc::new(story_id));
    let keep_rows = AggregateUDF::new_from_impl(KeepRows::new());
    registry.aggregate_functions.insert(KeepRows::NAME.to_owned(), Arc::new(keep_rows));
    for kernel in group_kernels() {
        let name = kernel.shape.name.to_owned();
        registry.aggregate_functions.insert(name, Arc::new(AggregateUDF::new_from_impl(kernel)));
    }
    registry
}

/// A session of the scheduler, which knows the kernels.
pub(crate) fn scheduler_session(config: SessionConfig) -> datafusion::common::Result<SessionState> {
    let state = ballista_core::utils::default_session_builder(config)?;
    let context = SessionContext::new_with_state(state);
    register(&context);
    Ok(context.state())
}

/// Connects to where the steps run.
///
/// # Errors
///
/// If the scheduler's address is none.
pub(crate) async fn connect(place: &Where) -> Result<SessionContext> {
    let context = match place {
        Where::Local { partitions } => SessionContext::new_with_config(configured(SessionConfig::new(), *partitions)),
        Where::Cluster { scheduler, partitions } => {
            // With adaptive planning a lost executor can hang the job.
            let config = SessionConfig::new_with_ballista().with_ballista_adaptive_query_planner(false);
            let state =
                SessionStateBuilder::new().with_config(configured(config, *partitions)).with_default_features().build();
            SessionContext::remote_with_state(scheduler, state)
                .await
                .with_context(|| format!("scheduler `{scheduler}` is no address such as df://10.0.0.1:50050"))?
        }
    };
    // The upgrade to a cluster takes the engine's own functions only.
    register(&context);
    Ok(context)
}
