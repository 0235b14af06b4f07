//! Taking in jobs: their rows, where they ran, and all that counts them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Day, Job, JobId, JobKey, NodeName, Run, RunName, Value};
use paddles_repository::{Copied, JobsCopied, PlacedJob, RecordId, Stored};

use super::walk::links;
use crate::cells::{Cells, FromCells, there};
use crate::claim::{lock_run, share_nodes};
use crate::connection::{AnyConnection, Backend};
use crate::job_row::{self, KEPT_AT_ONCE, select_everything};
use crate::node_days::{Counted, Counts};
use crate::run_parts::PartCounts;
use crate::statement::{Bind, Statement, question_marks};
use crate::{descriptions, node_jobs, run_row};

/// Everything is kept in the order in which a report keeps it, and of several things of a kind in the order of their names:
/// runs, descriptions, nodes, counts. So nobody waits in a circle.
pub(super) fn import(connection: &mut AnyConnection, jobs: &[PlacedJob]) -> QueryResult<JobsCopied> {
    let arriving = last_of_each(jobs);
    let mut runs: BTreeMap<&RunName, Stored<Run>> = BTreeMap::new();
    for name in arriving.iter().map(|placed| &placed.job.run).collect::<BTreeSet<_>>() {
        match lock_run(connection, name)? {
            Some(run) => runs.insert(name, run),
            None => return Ok(JobsCopied::UnknownRun(name.clone())),
        };
    }
    let known = known_jobs(connection, &arriving, &runs)?;
    let mut copied = Copied::default();
    let mut work = Work::default();
    for placed in arriving {
        let run = runs[&placed.job.run].id;
        match known.get(&(run, &placed.job.job_id)) {
            None => work.added.push((run, placed)),
            Some(kept) if kept.record.updated > placed.job.updated => copied.newer += 1,
            Some(kept) => work.known.push((run, kept, placed)),
        }
    }
    copied.added = work.added.len() as u64;
    let changed = work.run(connection, &mut runs)?;
    copied.same = (jobs.len() as u64).saturating_sub(copied.added + copied.newer + changed);
    copied.changed = changed;
    Ok(JobsCopied::Copied(copied))
}

/// The jobs without those that come again later and were heard of no earlier then.
fn last_of_each(jobs: &[PlacedJob]) -> Vec<&PlacedJob> {
    let mut places: HashMap<(&RunName, &JobId), usize> = HashMap::new();
    let mut last: Vec<&PlacedJob> = Vec::with_capacity(jobs.len());
    for placed in jobs {
        let job = &placed.job;
        match places.get(&(&job.run, &job.job_id)) {
            None => {
                places.insert((&job.run, &job.job_id), last.len());
                last.push(placed);
            }
            Some(&place) if last[place].job.updated <= job.updated => last[place] = placed,
            Some(_) => {}
        }
    }
    last
}

type KnownJobs<'a> = HashMap<(RecordId, &'a JobId), Stored<Job>>;

/// Those of the arriving jobs that are here.
fn known_jobs<'a>(
    connection: &mut AnyConnection,
    arriving: &[&'a PlacedJob],
    runs: &BTreeMap<&RunName, Stored<Run>>,
) -> QueryResult<KnownJobs<'a>> {
    let mut known = KnownJobs::new();
    for (name, run) in runs.iter().filter(|(_, run)| run.record.results.total() > 0) {
        let ids = arriving.iter().filter(|placed| placed.job.run == **name).map(|placed| &placed.job.job_id);
        let ids: HashMap<&str, &'a JobId> = ids.map(|job_id| (job_id.as_str(), job_id)).collect();
        let sql =
            format!("{} WHERE jobs.run_id = ? AND jobs.job_id IN ({})", select_everything(), question_marks(ids.len()));
        let jobs = Statement::unprepared(sql).bind(run.id.0).binds(ids.keys().map(|job_id| Bind::from(*job_id)));
        for job in jobs.rows::<Stored<Job>>(connection)? {
            if let Some(job_id) = ids.get(job.record.job_id.as_str()) {
                known.insert((run.id, job_id), job);
            }
        }
    }
    Ok(known)
}

/// What is to be done.
#[derive(Default)]
struct Work<'a> {
    added: Vec<(RecordId, &'a PlacedJob)>,
    known: Vec<(RecordId, &'a Stored<Job>, &'a PlacedJob)>,
}

impl Work<'_> {
    /// Does it, and says how many of the known jobs changed.
    fn run(mut self, connection: &mut AnyConnection, runs: &mut BTreeMap<&RunName, Stored<Run>>) -> QueryResult<u64> {
        let is_same = |kept: &Stored<Job>, placed: &PlacedJob| kept.record == placed.job;
        let different = self.known.iter().filter(|(_, kept, placed)| !is_same(kept, placed));
        let told = self.added.iter().map(|(_, placed)| placed).chain(different.map(|(.., placed)| placed));
        let told = told.filter_map(|placed| text(&placed.job, JobKey::Description)).collect();
        if let Some(remember) = descriptions::remember_all(&told) {
            remember.run(connection)?;
        }

        let mut kept_places = kept_places(connection, &self.known)?;
        self.known.retain(|(_, kept, placed)| {
            let moved = !placed.nodes.is_empty() && !kept_places.get(&kept.id).is_some_and(|place| place.is(placed));
            moved || !is_same(kept, placed)
        });
        let everyone =
            self.added.iter().map(|(_, placed)| *placed).chain(self.known.iter().map(|(.., placed)| *placed));
        let nodes = node_numbers(connection, everyone)?;

        let mut counts = AllCounts::default();
        let mut new_links: Vec<(i32, RecordId)> = Vec::new();
        for (number, (run, placed)) in insert(connection, &self.added)?.into_iter().zip(&self.added) {
            let place = numbers(&nodes, placed);
            new_links.extend(place.iter().map(|node| (*node, number)));
            counts.add(*run, &placed.job, &place, 1);
            count(runs, &placed.job, None);
        }
        for (run, kept, placed) in &self.known {
            job_row::update_kept(kept.id, &placed.job).run(connection)?;
            let before = kept_places.remove(&kept.id).unwrap_or_default();
            counts.add(*run, &kept.record, &before.numbers, -1);
            let stays = placed.nodes.is_empty() || before.is(placed);
            let place = if stays { before.numbers } else { numbers(&nodes, placed) };
            if !stays {
                Statement::new(node_jobs::UNLINK).bind(kept.id.0).run(connection)?;
                new_links.extend(place.iter().map(|node| (*node, kept.id)));
            }
            counts.add(*run, &placed.job, &place, 1);
            count(runs, &placed.job, Some(&kept.record));
        }
        link(connection, &new_links)?;
        counts.write(connection)?;
        if !self.added.is_empty() || !self.known.is_empty() {
            for run in runs.values() {
                run_row::update(run.id, &run.record).run(connection)?;
            }
        }
        Ok(self.known.len() as u64)
    }
}

/// Where a job ran, by the names of nodes.
#[derive(Default)]
struct Place {
    names: Vec<NodeName>,
    numbers: Vec<i32>,
}

impl Place {
    fn is(&self, placed: &PlacedJob) -> bool {
        let mut names: Vec<&NodeName> = placed.nodes.iter().collect();
        names.sort();
        names.dedup();
        self.names.iter().eq(names)
    }
}

/// Where known jobs ran. The nodes cannot be deleted until the transaction ends: counts are about to refer to them.
fn kept_places(
    connection: &mut AnyConnection,
    known: &[(RecordId, &Stored<Job>, &PlacedJob)],
) -> QueryResult<HashMap<RecordId, Place>> {
    let jobs: Vec<RecordId> = known.iter().map(|(_, kept, _)| kept.id).collect();
    let mut places: HashMap<RecordId, Place> = HashMap::new();
    let share = share_nodes(connection);
    for link in links(connection, &jobs, share)? {
        let place = places.entry(link.job).or_default();
        place.numbers.push(link.node.0);
        place.names.push(NodeName::from_stored(link.name));
    }
    Ok(places)
}

/// The numbers of all nodes of these jobs; those that are unknown are created, of the machine type that their job asked for.
fn node_numbers<'a>(
    connection: &mut AnyConnection,
    jobs: impl Iterator<Item = &'a PlacedJob>,
) -> QueryResult<HashMap<NodeName, i32>> {
    let mut wanted: BTreeMap<&NodeName, Option<&str>> = BTreeMap::new();
    for placed in jobs {
        let machine_type = text(&placed.job, JobKey::MachineType);
        for node in &placed.nodes {
            wanted.entry(node).or_insert(machine_type);
        }
    }
    let mut known = shared_nodes(connection, wanted.keys().copied())?;
    wanted.retain(|name, _| !known.contains_key(*name));
    if wanted.is_empty() {
        return Ok(known);
    }
    for (name, machine_type) in &wanted {
        node_jobs::create_node(name, machine_type.map(str::to_owned)).run(connection)?;
    }
    known.extend(shared_nodes(connection, wanted.into_keys())?);
    Ok(known)
}

fn shared_nodes<'a>(
    connection: &mut AnyConnection,
    names: impl Iterator<Item = &'a NodeName>,
) -> QueryResult<HashMap<NodeName, i32>> {
    let names: Vec<Bind> = names.map(|name| name.as_str().into()).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let share = share_nodes(connection);
    let sql =
        format!("SELECT id, name FROM nodes WHERE name IN ({}) ORDER BY name{share}", question_marks(names.len()));
    let rows: Vec<NodeNumber> = Statement::unprepared(sql).binds(names).rows(connection)?;
    Ok(rows.into_iter().map(|NodeNumber(number, name)| (name, number.0)).collect())
}

fn numbers(nodes: &HashMap<NodeName, i32>, placed: &PlacedJob) -> Vec<i32> {
    let numbers: BTreeSet<i32> = placed.nodes.iter().filter_map(|name| nodes.get(name).copied()).collect();
    numbers.into_iter().collect()
}

/// Adds jobs, and gives the numbers of their rows in the same order.
fn insert(connection: &mut AnyConnection, added: &[(RecordId, &PlacedJob)]) -> QueryResult<Vec<RecordId>> {
    let mut numbers: HashMap<(i32, String), i32> = HashMap::with_capacity(added.len());
    for some in added.chunks(KEPT_AT_ONCE) {
        let jobs: Vec<(RecordId, &Job)> = some.iter().map(|(run, placed)| (*run, &placed.job)).collect();
        let rows: Vec<JobNumber> = job_row::insert_kept(&jobs).rows(connection)?;
        numbers.extend(rows.into_iter().map(|row| ((row.run.0, row.job_id), row.job.0)));
    }
    let number =
        |run: &RecordId, placed: &PlacedJob| numbers.get(&(run.0, placed.job.job_id.as_str().to_owned())).copied();
    let found = added.iter().map(|(run, placed)| number(run, placed).map(RecordId));
    found.collect::<Option<Vec<_>>>().ok_or(diesel::result::Error::NotFound)
}

fn link(connection: &mut AnyConnection, links: &[(i32, RecordId)]) -> QueryResult<()> {
    for some in links.chunks(LINKS_AT_ONCE) {
        let sql = format!("INSERT INTO job_nodes (node_id, job_id) VALUES {}", vec!["(?, ?)"; some.len()].join(", "));
        let binds = some.iter().flat_map(|(node, job)| [Bind::from(*node), Bind::from(job.0)]);
        Statement::unprepared(sql).binds(binds).run(connection)?;
    }
    Ok(())
}

/// SQLite takes 32,766 values at once.
const LINKS_AT_ONCE: usize = 5_000;

/// Lets a run's counts follow a job.
fn count(runs: &mut BTreeMap<&RunName, Stored<Run>>, job: &Job, before: Option<&Job>) {
    if let Some(run) = runs.get_mut(&job.run) {
        run.record.count(&job.job_id, before.map(Job::facts).as_ref(), &job.facts());
    }
}

/// All that counts jobs beside their runs.
#[derive(Default)]
struct AllCounts {
    days: Counts,
    parts: PartCounts,
}

impl AllCounts {
    fn add(&mut self, run: RecordId, job: &Job, nodes: &[i32], jobs: i64) {
        let counted = Counted {
            day: job.posted.map(|posted| Day::of(posted).to_string()).unwrap_or_default(),
            machine_type: text(job, JobKey::MachineType).unwrap_or_default().to_owned(),
            status: job.status,
        };
        self.days.add(nodes, &counted, jobs);
        self.parts.add(run, &job.facts(), jobs);
    }

    fn write(self, connection: &mut AnyConnection) -> QueryResult<()> {
        for write in self.days.write().into_iter().chain(self.parts.write()) {
            write.run(connection)?;
        }
        Ok(())
    }
}

fn text(job: &Job, key: JobKey) -> Option<&str> {
    match job.values.get(key) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

struct JobNumber {
    job: RecordId,
    run: RecordId,
    job_id: String,
}

impl FromCells for JobNumber {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self { job: cells.id()?, run: cells.id()?, job_id: there(cells.text()?)? })
    }
}

struct NodeNumber(RecordId, NodeName);

impl FromCells for NodeNumber {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self(cells.id()?, NodeName::from_stored(there(cells.text()?)?)))
    }
}
