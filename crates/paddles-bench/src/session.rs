//! A whole benchmark, from the filled database to the documents.

use std::time::Duration;

use crate::database::Database;
use crate::driver::{Load, Times, drive};
use crate::error::BenchError;
use crate::fill::settle;
use crate::machine::Machine;
use crate::options::{Engine, Options};
use crate::prepared::{Prepared, now};
use crate::report::{Measured, Report, heading};
use crate::rows::{Case, Row, TIDY, rows};
use crate::service::{Memory, Service};

/// Fills a database or takes the kept one, measures every row, prints them, and writes the documents if no row was left out.
pub fn bench(options: &Options) -> Result<Report, BenchError> {
    let rows_of = |prepared: &Prepared| {
        let wanted = |row: &Row| options.only.as_ref().is_none_or(|part| row.name.contains(part.as_str()));
        rows(&prepared.history).into_iter().filter(wanted).collect::<Vec<_>>()
    };
    let began = now();
    let prepared = Prepared::new(options, began)?;
    let rows = rows_of(&prepared);
    if rows.is_empty() {
        return Err(BenchError::NoRow(options.only.clone().unwrap_or_default()));
    }
    let mut session = Session { options, prepared: &prepared, cases: 0 };
    // What a benchmark that was broken off has left.
    session.tidy()?;

    println!("\n{}", heading());
    let mut measured = Vec::new();
    for row in &rows {
        measured.extend(session.row(row)?);
    }
    let report = Report {
        engine: options.database.to_string(),
        jobs_asked: options.jobs.to_string(),
        jobs: prepared.history.job_count(),
        runs: prepared.history.runs().len(),
        seed: options.seed,
        seconds: options.seconds,
        date: began.date().to_string(),
        machine: Machine::here(&prepared.url)?,
        rows: measured,
    };
    if options.only.is_none() {
        report.write(&options.documents)?;
    }
    Ok(report)
}

struct Session<'a> {
    options: &'a Options,
    prepared: &'a Prepared,
    cases: u32,
}

impl Session<'_> {
    /// A row has a process of its own: what others needed does not count.
    fn row(&mut self, row: &Row) -> Result<Vec<Measured>, BenchError> {
        let mut service = self.start_service()?;
        let mut measured = Vec::new();
        for &connections in row.connections {
            // Memory that the load before has left would hide growth.
            if row.is_streamed && !measured.is_empty() {
                service = self.start_service()?;
            }
            let line = self.measure(row, &service, connections)?;
            println!("{}", line.line());
            measured.push(line);
        }
        drop(service);
        if row.leaves_traces {
            self.tidy()?;
        }
        Ok(measured)
    }

    fn measure(&mut self, row: &Row, service: &Service, connections: usize) -> Result<Measured, BenchError> {
        self.prepare(row)?;
        let measured = Duration::from_secs(self.options.seconds);
        let load = Load { connections, warm_up: measured / 5, measured };
        if row.is_streamed {
            warm_connections(service, connections)?;
        }
        service.forget_peak()?;
        let before = service.memory()?;
        let times = drive(&row.name, &service.address, load, row.requests.as_ref())?;
        let after = service.memory()?;

        let limit = match self.options.database {
            Engine::Postgres => {
                self.prepare(row)?;
                let seconds = self.options.seconds;
                Some(row.limit.measure(&self.prepared.url, connections, seconds, &self.prepared.folder)?)
            }
            Engine::Sqlite => None,
        };
        Ok(line(row, connections, &times, before, after, limit))
    }

    fn prepare(&mut self, row: &Row) -> Result<(), BenchError> {
        self.cases += 1;
        let case = Case { number: self.cases, seconds: self.options.seconds, engine: self.options.database };
        match &row.before {
            Some(before) => Database::connect(&self.prepared.url)?.run(&before(case)),
            None => Ok(()),
        }
    }

    fn start_service(&self) -> Result<Service, BenchError> {
        Service::start(&self.options.service, &self.prepared.url, &self.prepared.folder)
    }

    fn tidy(&self) -> Result<(), BenchError> {
        Database::connect(&self.prepared.url)?.run(TIDY)?;
        settle(&self.prepared.url)
    }
}

/// Growth begins where the service has served as many connections with small answers.
fn warm_connections(service: &Service, connections: usize) -> Result<(), BenchError> {
    let load = Load { connections, warm_up: Duration::ZERO, measured: Duration::from_millis(300) };
    drive("warm-up", &service.address, load, &|_| crate::driver::Ask::get("/runs/?count=5", 2)).map(drop)
}

#[expect(clippy::cast_precision_loss, reason = "sizes and counts for readers")]
fn line(row: &Row, connections: usize, times: &Times, before: Memory, after: Memory, limit: Option<f64>) -> Measured {
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let growth = megabytes(after.peak.saturating_sub(before.held)) / connections as f64;
    Measured {
        row: row.name.clone(),
        connections,
        exchanges: times.count,
        rate: times.rate,
        p50_ms: times.whole_ms(0.5),
        p99_ms: times.whole_ms(0.99),
        first_byte_ms: row.is_streamed.then(|| times.first_byte_ms(0.5)),
        memory_mb: megabytes(after.peak),
        growth_mb: row.is_streamed.then_some(growth),
        limit,
        ratio: limit.map(|limit| times.rate / limit),
    }
}
