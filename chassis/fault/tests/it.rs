//! Places are reached in processes of their own: this program again, with another environment.

use std::{
    env, fs,
    process::{Command, ExitStatus},
};

/// Runs [`walk`] in a process that is told `name=value`.
fn walked(orders: &[(&str, &str)]) -> ExitStatus {
    Command::new(env::current_exe().expect("this program"))
        .args(["walk", "--exact", "--ignored", "--test-threads=1"])
        .envs(orders.iter().copied())
        .status()
        .expect("this program runs")
}

#[test]
#[ignore = "what the others run in a process of its own"]
fn walk() {
    for _ in 0..3 {
        fault::point!("walk.step");
    }
    assert!(fault::guard!("rail"), "the rail is off");
}

#[test]
fn nothing_happens_unless_it_is_asked_for() {
    assert!(walked(&[]).success());
    assert!(walked(&[("RIALTO_FAULT", "walk.elsewhere")]).success());
    assert!(walked(&[("RIALTO_GUARDS_OFF", "stair")]).success());
}

#[test]
fn a_process_dies_where_it_is_told_to() {
    use std::os::unix::process::ExitStatusExt;
    for order in ["walk.step", "walk.step:1", "walk.step:3"] {
        assert_eq!(walked(&[("RIALTO_FAULT", order)]).signal(), Some(6), "{order}");
    }
    assert!(walked(&[("RIALTO_FAULT", "walk.step:4")]).success());
}

#[test]
fn the_way_is_written_down() {
    let path = env::temp_dir().join(format!("fault-{}", std::process::id()));
    let path = path.to_str().expect("a path in UTF-8");
    walked(&[("RIALTO_FAULT_TRACE", path), ("RIALTO_FAULT", "walk.step:2")]);
    let way = fs::read_to_string(path).expect("a trace");
    fs::remove_file(path).expect("it was there");
    assert_eq!(way, "walk.step\nwalk.step\n");
}

#[test]
fn a_guard_can_be_taken_away() {
    assert_eq!(walked(&[("RIALTO_GUARDS_OFF", "stair,rail")]).code(), Some(101));
}
