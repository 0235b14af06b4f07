//! Tables as diesel's query language sees them. A job's wide row has no place here: see `job_row`.

diesel::table! {
    runs (id) {
        id -> Integer,
        name -> Nullable<Text>,
        status -> Nullable<Text>,
        user -> Nullable<Text>,
        scheduled -> Nullable<Timestamp>,
        suite -> Nullable<Text>,
        branch -> Nullable<Text>,
        machine_type -> Nullable<Text>,
        posted -> Nullable<Timestamp>,
        started -> Nullable<Timestamp>,
        updated -> Nullable<Timestamp>,
        jobs_queued -> Integer,
        jobs_waiting -> Integer,
        jobs_running -> Integer,
        jobs_pass -> Integer,
        jobs_fail -> Integer,
        jobs_dead -> Integer,
        jobs_unknown -> Integer,
        first_job_id -> Nullable<Text>,
        first_job_sha1 -> Nullable<Text>,
        first_job_flavor -> Nullable<Text>,
        first_job_priority -> Nullable<Integer>,
    }
}
