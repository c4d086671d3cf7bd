//! Random programs keep the laws.

use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use wengert_tape::check::random::{graphs, smooth_graphs};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(160))]

    #[test]
    fn smooth_programs_keep_the_laws(graph in smooth_graphs(10)) {
        let violations = graph.violations();
        prop_assert!(violations.is_empty(), "{}", violations[0]);
    }

    #[test]
    fn programs_with_kinks_keep_the_exact_laws(graph in graphs(16)) {
        let violations = graph.violations();
        prop_assert!(violations.is_empty(), "{}", violations[0]);
    }
}

#[test]
fn a_failure_shrinks_to_few_steps() {
    // "No program has a slice" is wrong, and one step with one leaf shows it.
    let mut runner = TestRunner::new(config(256));
    let shrunk = runner.run(&graphs(16), |graph| {
        let text = format!("{:?}", graph.steps());
        prop_assert!(!text.contains("Slice"));
        Ok(())
    });
    let Err(TestError::Fail(_, graph)) = shrunk else {
        panic!("{shrunk:?}")
    };
    assert_eq!(
        (graph.steps().len(), graph.leaves().len()),
        (1, 1),
        "{graph:?}"
    );
    assert_eq!(graph.leaves()[0].rank(), 0, "{graph:?}");
}
