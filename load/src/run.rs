//! A run: starts the visitors when they are due, reports progress, and ends in time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::client::Target;
use super::mix::{Mix, Scenario};
use super::plan::{Arrival, Crowd, Plan};
use super::table::progress;
use super::tally::{Count, Summary, Tally};
use super::visitor::Visitor;

/// Interval of progress lines and chart points.
const TICK: Duration = Duration::from_secs(1);
/// Time limit for all visitors to close their sockets; the rest is dropped.
const GOOD_BYE_WITHIN: Duration = Duration::from_secs(5);

/// Executes the plan, until its time is over or `interrupted` completes.
///
/// # Errors
/// When a server cannot be reached, or offers nothing to type.
pub async fn run(plan: Plan, interrupted: impl Future<Output = ()>) -> Result<Summary, String> {
    let crowd = Arc::new(prepare(plan).await?);
    let (stop, stopped) = watch::channel(false);
    let mut visitors = JoinSet::new();
    let over = crowd.began + crowd.plan.schedule.duration;
    tokio::select! {
        () = interrupted => {}
        () = tokio::time::sleep_until(over) => {}
        () = tell(&crowd) => {}
        () = send_all(&crowd, &mut visitors, &stopped) => {}
    }
    let took = crowd.began.elapsed();
    // Before the sockets are closed: those closed by the harness do not count as lost.
    crowd.tally(|tally| tally.tick(took));
    let summary = crowd.tally(|tally| tally.summary(took));
    let _ = stop.send(true);
    let gone = async { while visitors.join_next().await.is_some() {} };
    // Visitors that are still running are dropped with the set.
    let _ = tokio::time::timeout(GOOD_BYE_WITHIN, gone).await;
    Ok(summary)
}

async fn prepare(mut plan: Plan) -> Result<Crowd, String> {
    let mut targets = Vec::new();
    for url in &plan.urls {
        targets.push(Target::resolve(url, &plan.tls).await?);
    }
    let first = targets.first().ok_or("no address of a server")?;
    if speaks(&plan.mix) {
        plan.words.complete(first).await?;
    }
    let began = Instant::now();
    Ok(Crowd { plan, targets, began, tally: Mutex::new(Tally::default()) })
}

/// True when a visitor of the mix types or asks.
fn speaks(mix: &Mix) -> bool {
    [Scenario::Typing, Scenario::Ask, Scenario::ResumeStorm].into_iter().any(|it| mix.has(it))
}

/// Starts each visitor when it is due. Never ends by itself.
async fn send_all(crowd: &Arc<Crowd>, visitors: &mut JoinSet<()>, stopped: &watch::Receiver<bool>) {
    let plan = &crowd.plan;
    let stays = match plan.schedule.arrival {
        Arrival::Open { .. } => Some(plan.stay),
        Arrival::Closed { .. } => None,
    };
    let due = (0..).map_while(|number| Some((number, plan.schedule.at(number)?)));
    for (number, at) in due {
        let intended = crowd.began + at;
        tokio::time::sleep_until(intended).await;
        while visitors.try_join_next().is_some() {}
        if visitors.len() >= plan.max_users {
            crowd.tally(|tally| tally.count(Count::TurnedAway));
            continue;
        }
        let visitor = Visitor::new(number, Arc::clone(crowd));
        let mut stopped = stopped.clone();
        let leave = async move {
            let over = async { drop(stopped.wait_for(|stopped| *stopped).await) };
            match stays {
                None => over.await,
                Some(stay) => drop(tokio::time::timeout(stay, over).await),
            }
        };
        visitors.spawn(visitor.visit(intended, leave));
    }
    std::future::pending().await
}

/// Adds a chart point per second, and prints a line on standard error if enabled.
async fn tell(crowd: &Crowd) {
    let mut ticks = tokio::time::interval_at(crowd.began + TICK, TICK);
    loop {
        ticks.tick().await;
        let point = crowd.tally(|tally| tally.tick(crowd.began.elapsed()));
        if crowd.plan.progress {
            eprintln!("{}", progress(&point, crowd.plan.schedule.duration.as_secs_f64()));
        }
    }
}
