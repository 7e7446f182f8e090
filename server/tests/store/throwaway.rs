//! The throwaway cluster that other tests stand on.

use std::fs;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, shared};

fn text(rows: Result<Vec<Vec<Option<String>>>, String>) -> String {
    let rows = rows.expect("rows");
    rows.into_iter().flatten().flatten().collect::<Vec<_>>().join(",")
}

#[test]
fn every_database_is_empty_and_apart() {
    let Some(cluster) = shared() else { return };
    let (one, other) = (cluster.fresh_database(), cluster.fresh_database());
    assert_ne!(one, other);
    cluster.query(&one, "create table t (a int, b text); insert into t values (1, null)").unwrap();
    assert_eq!(cluster.query(&one, "select * from t").unwrap(), [[Some("1".to_owned()), None]]);
    assert!(cluster.query(&other, "select * from t").unwrap_err().contains("42P01"));
    assert_eq!(text(cluster.query(&one, "show fsync; show synchronous_commit")), "on,on");
}

#[test]
fn what_was_committed_survives_a_crash_and_the_port_stays() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.fresh_database();
    cluster.query(&database, "create table t (a int)").unwrap();
    for round in 1..=3 {
        cluster.query(&database, &format!("insert into t values ({round})")).unwrap();
        if round == 2 {
            cluster.stop_immediate()
        } else {
            cluster.kill9()
        }
        assert!(cluster.query(&database, "select 1").is_err(), "it is gone");
        cluster.start_again();
    }
    assert_eq!(text(cluster.query(&database, "select a from t order by a")), "1,2,3");
}

#[test]
fn a_paused_server_answers_later_and_a_dropped_one_leaves_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.fresh_database();
    cluster.pause();
    std::thread::scope(|scope| {
        let asked = Instant::now();
        let answer = scope.spawn(|| cluster.query(&database, "select 1"));
        std::thread::sleep(Duration::from_millis(100));
        assert!(!answer.is_finished());
        cluster.resume();
        assert_eq!(text(answer.join().unwrap()), "1");
        assert!(asked.elapsed() >= Duration::from_millis(100));
    });
    let folder = text(cluster.query(&database, "show data_directory"));
    let postmaster = fs::read_to_string(format!("{folder}/postmaster.pid")).unwrap();
    let process = format!("/proc/{}", postmaster.lines().next().unwrap());
    assert!(fs::exists(&process).unwrap());
    drop(cluster);
    assert!(!fs::exists(&folder).unwrap() && !fs::exists(&process).unwrap());
}
