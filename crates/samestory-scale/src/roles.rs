//! The processes of a cluster.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use ballista_core::utils::default_config_producer;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;

use crate::engine::{registry, scheduler_session};

/// How a scheduler runs.
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// Where it listens.
    pub listen: String,
    /// The name under which executors and clients reach it.
    pub host: String,
    /// Seconds without a sign of life after which an executor is lost.
    pub executor_timeout: u64,
}

/// Runs a scheduler until the process ends.
///
/// # Errors
///
/// If it cannot listen.
pub async fn scheduler(options: SchedulerOptions) -> Result<()> {
    let address: SocketAddr = options
        .listen
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next())
        .with_context(|| format!("`{}` is no address such as 0.0.0.0:50050", options.listen))?;
    let mut config = SchedulerConfig::default()
        .with_hostname(&options.host)
        .with_port(address.port())
        .with_override_config_producer(Arc::new(default_config_producer))
        .with_override_session_builder(Arc::new(scheduler_session));
    config.bind_host = address.ip().to_string();
    config.executor_timeout_seconds = options.executor_timeout;
    config.expire_dead_executor_interval_seconds = (options.executor_timeout / 5).max(1);
    let cluster = BallistaCluster::new_from_config(&config).await?;
    start_server(cluster, address, Arc::new(config)).await.context("the scheduler ends")
}

/// How an executor runs.
#[derive(Debug, Clone)]
pub struct ExecutorOptions {
    /// Host and port of the scheduler.
    pub scheduler: (String, u16),
    /// The name under which the others reach it.
    pub host: String,
    /// Where it listens: for data, and for the scheduler.
    pub ports: (u16, u16),
    /// Tasks at a time.
    pub tasks: usize,
    /// Where shuffled rows stand.
    pub work_folder: PathBuf,
    /// Bytes that the engine may take before it spills; what kernels hold comes beside.
    pub memory: Option<u64>,
    /// Seconds between its signs of life.
    pub heartbeat: u64,
}

/// Runs an executor until the process ends.
///
/// # Errors
///
/// If it cannot listen or finds no scheduler.
pub async fn executor(options: ExecutorOptions) -> Result<()> {
    let config = ExecutorProcessConfig {
        bind_host: "0.0.0.0".to_owned(),
        external_host: Some(options.host),
        port: options.ports.0,
        grpc_port: options.ports.1,
        scheduler_host: options.scheduler.0,
        scheduler_port: options.scheduler.1,
        scheduler_connect_timeout_seconds: 30,
        vcores: options.tasks,
        work_dir: Some(options.work_folder.display().to_string()),
        memory_pool_size: options.memory,
        executor_heartbeat_interval_seconds: options.heartbeat,
        override_function_registry: Some(Arc::new(registry())),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await.context("the executor ends")
}
