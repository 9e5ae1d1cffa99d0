use super::*;

fn candidate(name: &str) -> Candidate {
    Candidate {
        name: name.into(),
        weight: 1.0,
        rests: Duration::ZERO,
        shunned: false,
        latency: None,
        under_way: 0,
        cost: None,
        warm: false,
    }
}

fn ms(candidate: Candidate, millis: u64) -> Candidate {
    Candidate { latency: Some(Duration::from_millis(millis)), ..candidate }
}

/// Chance that repeats these numbers.
fn drawn(numbers: &[f64]) -> impl FnMut() -> f64 {
    let mut all = numbers.iter().copied().cycle();
    move || all.next().unwrap()
}

fn order(route: Route, candidates: &[Candidate], numbers: &[f64]) -> String {
    let decision = decide(route, candidates, &mut drawn(numbers));
    decision.order.iter().map(|&at| candidates[at].name.as_str()).collect()
}

#[test]
fn what_is_decided() {
    let (a, b, c) = (candidate("a"), candidate("b"), candidate("c"));
    let resting = |one: &Candidate, seconds| Candidate { rests: Duration::from_secs(seconds), ..one.clone() };
    let shunned = |one: &Candidate| Candidate { shunned: true, ..one.clone() };
    let warm = |one: Candidate| Candidate { warm: true, ..one };
    let busy = |one: &Candidate, under_way| Candidate { under_way, ..one.clone() };
    let costs = |one: &Candidate, nanos| Candidate { cost: Some(Money::nanos(nanos)), ..one.clone() };
    let slow = ms(a.clone(), 900);
    let fast = ms(b.clone(), 100);
    for (name, route, candidates, numbers, expected) in [
        ("as written", Route::Fallback, vec![a.clone(), b.clone(), c.clone()], vec![0.0], "abc"),
        ("one that rests comes last", Route::Fallback, vec![resting(&a, 3), b.clone(), c.clone()], vec![0.0], "bca"),
        (
            "the shorter rest first, useless keys before both",
            Route::Fallback,
            vec![resting(&a, 3), resting(&b, 2), shunned(&c)],
            vec![0.0],
            "cba",
        ),
        ("the faster of two", Route::Latency, vec![slow.clone(), fast.clone()], vec![0.0], "ba"),
        ("whichever was drawn first", Route::Latency, vec![slow.clone(), fast.clone()], vec![0.9], "ba"),
        ("calls under way count", Route::Latency, vec![slow.clone(), busy(&fast, 20)], vec![0.0], "ab"),
        (
            "of three only two are looked at",
            Route::Latency,
            vec![slow.clone(), ms(c.clone(), 800), fast.clone()],
            vec![0.0, 0.0],
            "cba",
        ),
        ("one that nobody knows is tried", Route::Latency, vec![fast.clone(), c.clone()], vec![0.0], "cb"),
        (
            "a warm cache is worth some time",
            Route::Latency,
            vec![warm(ms(a.clone(), 150)), fast.clone()],
            vec![0.0],
            "ab",
        ),
        ("but not any time", Route::Latency, vec![warm(slow), fast.clone()], vec![0.0], "ba"),
        ("the cheapest", Route::Cheapest, vec![a.clone(), costs(&b, 20), costs(&c, 10)], vec![0.0], "cba"),
        ("of equals the warm one", Route::Cheapest, vec![costs(&a, 10), warm(costs(&b, 10))], vec![0.0], "ba"),
        ("the least busy", Route::LeastBusy, vec![busy(&a, 3), busy(&b, 1), busy(&c, 2)], vec![0.0], "bca"),
        ("a warm cache is worth two calls", Route::LeastBusy, vec![warm(busy(&a, 3)), busy(&b, 2)], vec![0.0], "ab"),
        ("and no more", Route::LeastBusy, vec![warm(busy(&a, 5)), busy(&b, 2)], vec![0.0], "ba"),
        ("a conversation stays", Route::Weighted, vec![a.clone(), warm(b.clone())], vec![0.0], "ba"),
        (
            "unless its target rests",
            Route::Weighted,
            vec![a.clone(), warm(resting(&b, 2)), c.clone()],
            vec![0.1, 0.9],
            "acb",
        ),
    ] {
        assert_eq!(order(route, &candidates, &numbers), expected, "{name}");
    }
}

#[test]
fn weights_are_shares() {
    let mut state = 7_u64;
    // A small generator, so that the test says the same each time.
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let candidates = [Candidate { weight: 3.0, ..candidate("a") }, candidate("b")];
    let first = (0..10_000).filter(|_| decide(Route::Weighted, &candidates, &mut draw).order[0] == 0).count();
    assert!((7_300..7_700).contains(&first), "{first} of 10,000 at weight 3 of 4");
    let candidates = [candidate("a"), candidate("b"), candidate("c")];
    let mut seen = [0; 3];
    for _ in 0..9_000 {
        seen[decide(Route::LeastBusy, &candidates, &mut draw).order[0]] += 1;
    }
    assert!(seen.iter().all(|count| (2_700..3_300).contains(count)), "equals share: {seen:?}");
}

#[test]
fn the_reason_is_told() {
    let slow = Candidate { under_way: 2, ..ms(candidate("a/x"), 900) };
    let resting = Candidate { rests: Duration::from_millis(1_500), ..candidate("c/z") };
    let told = |route, candidates: &[Candidate]| decide(route, candidates, &mut drawn(&[0.5])).why;
    assert_eq!(
        told(Route::Latency, &[slow, ms(candidate("b/y"), 80), resting.clone()]),
        "latency: b/y takes 80 ms with 0 under way, a/x takes 900 ms with 2 under way; c/z is left alone for 1.5 s"
    );
    assert_eq!(told(Route::Fallback, &[resting, candidate("b/y")]), "c/z is left alone for 1.5 s");
    assert_eq!(told(Route::Weighted, &[candidate("a/x")]), "", "where there is no choice there is nothing to tell");
}
