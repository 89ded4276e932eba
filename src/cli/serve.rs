//! `serve`.

use std::sync::Arc;

use crate::app::{App, Surroundings, options};
use crate::domain::clock::SystemClock;
use crate::domain::random::SystemRandom;
use crate::{lifecycle, server, telemetry};

use super::{CommandError, Place};

/// Runs until SIGTERM or SIGINT.
pub async fn run(place: &Place) -> Result<(), CommandError> {
    let config = place.load()?;
    let _log = telemetry::start(&options::log(&config))?;
    let surroundings =
        Surroundings { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom), demo: false };
    let app = App::build(&config, &surroundings).await?;
    let listener = server::bind(config.server.listen).await?;
    let internal = match config.server.internal_listen {
        Some(address) => Some(server::bind(address).await?),
        None => None,
    };
    tracing::info!(address = %config.server.listen, "serving");
    app.serve(listener, internal, lifecycle::stop_on_signal()?).await;
    Ok(())
}
