//! Reference values of the statistics: one case in, the functions' answer out, compared leaf by leaf.

use serde_json::{Value, json};
use surefoot_lab::stats::{
    Confidence, Estimate, Interval, Pairs,
    agreement::{self, Confusion, Level, Weights},
    anytime, corrected, evidence, independent, mean, multiple, paired, pareto, power, proportion, repeats, resample,
};

/// A case's inputs.
struct Given<'a>(&'a Value);

impl Given<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    fn number(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap_or(f64::NAN)
    }

    fn count(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_default()
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.0[name].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
    }

    fn truths(&self, name: &str) -> Vec<bool> {
        self.numbers(name).into_iter().map(|number| number != 0.0).collect()
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.0[name].as_array().map(|all| all.iter().map(ToString::to_string).collect())
    }

    fn table(&self, name: &str) -> Vec<Vec<u64>> {
        let row = |row: &Value| row.as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        self.0[name].as_array().into_iter().flatten().map(row).collect()
    }

    fn confidence(&self) -> Confidence {
        let share = ["confidence", "confidence_one_sided"].iter().find_map(|name| self.0[*name].as_f64());
        let share = share.or_else(|| self.0["alpha"].as_f64().map(|alpha| 1.0 - alpha));
        share.and_then(Confidence::new).unwrap_or(Confidence::P95)
    }

    fn aim(&self) -> power::Aim {
        power::Aim { alpha: self.number("alpha"), power: self.number("power") }
    }
}

/// What is wrong with the answers to a case; `None` where its category is none of ours.
pub(crate) fn differences(case: &Value) -> Option<Vec<String>> {
    let got = answer(case["category"].as_str().unwrap_or_default(), &Given(&case["inputs"]))?;
    let tolerance = &case["tolerance"];
    let allowed = [tolerance["abs"].as_f64().unwrap_or(0.0), tolerance["rel"].as_f64().unwrap_or(0.0)];
    let mut wrong = Vec::new();
    compare("", &case["expected"], &got, allowed, &mut wrong);
    Some(wrong)
}

fn compare(at: &str, expected: &Value, got: &Value, allowed: [f64; 2], wrong: &mut Vec<String>) {
    match expected {
        Value::Object(fields) => {
            for (name, expected) in fields {
                compare(&format!("{at}.{name}"), expected, &got[name.as_str()], allowed, wrong);
            }
        }
        Value::Array(list) => {
            for (index, expected) in list.iter().enumerate() {
                compare(&format!("{at}[{index}]"), expected, &got[index], allowed, wrong);
            }
        }
        Value::Number(number) if got.is_number() => {
            let (expected, got) = (number.as_f64().unwrap_or(f64::NAN), got.as_f64().unwrap_or(f64::NAN));
            if (got - expected).abs() > allowed[0] + allowed[1] * expected.abs() {
                wrong.push(format!("{at}: {got}, not {expected}"));
            }
        }
        // What is not a number has no JSON but null.
        Value::String(text) if text == "NaN" && got.is_null() => {}
        _ if expected == got => {}
        _ => wrong.push(format!("{at}: {got}, not {expected}")),
    }
}

fn answer(category: &str, given: &Given<'_>) -> Option<Value> {
    Some(match category {
        "mean_se_t" => {
            let mean = mean::mean(&given.numbers("scores"), given.confidence())?;
            with(&mean.estimate, json!({ "mean": mean.estimate.value, "df": mean.freedom as u64 }))
        }
        "wilson" | "clopper_pearson" | "jeffreys" => one_proportion(category, given),
        "clustered_se" | "paired_t" | "welch" | "non_inferiority" => differing(category, given)?,
        "mcnemar" => mcnemar(given)?,
        "two_proportions" => two_proportions(given)?,
        "bootstrap" => bootstrap(given)?,
        "power" => planned(given),
        "variance_reduction" => variance_reduction(given),
        "multiple_testing" | "e_bh" => several(category, given),
        "pass_k" => pass_k(given),
        "agreement" => agreed(given)?,
        "judge_correction" => judge_correction(given)?,
        "ppi" => ppi(given)?,
        "anytime" => at_every_look(given),
        "e_process" => e_process(given),
        "ratio_metric" => {
            let ratio = mean::ratio(&given.numbers("cost"), &given.numbers("success"), given.confidence())?;
            with(&ratio, json!({ "ratio": ratio.value }))
        }
        "nonparametric" => {
            let differences = given.numbers("diffs");
            let ranks = resample::wilcoxon(&differences);
            json!({
                "w": ranks.map(|ranks| ranks.w),
                "wilcoxon_p": ranks.map(|ranks| ranks.p),
                "sign_flip_p": resample::sign_flip(&differences, 1),
            })
        }
        "percentile" => {
            let (values, shares) = (given.numbers("values"), given.numbers("p"));
            let all =
                |of: fn(&[f64], f64) -> Option<f64>| shares.iter().map(|share| of(&values, *share)).collect::<Vec<_>>();
            json!({ "type7": all(mean::quantile), "nearest_rank": all(mean::nearest_rank) })
        }
        "pareto" => best(given),
        _ => return None,
    })
}

fn with(estimate: &Estimate, more: Value) -> Value {
    let mut all = json!({ "se": estimate.se, "estimate": estimate.value });
    merge(&mut all, ends(estimate.interval));
    merge(&mut all, more);
    all
}

fn ends(interval: Interval) -> Value {
    json!({ "lower": interval.low, "upper": interval.high })
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

fn one_proportion(category: &str, given: &Given<'_>) -> Value {
    let (passed, of) = (given.count("successes"), given.count("n"));
    let interval = match category {
        "wilson" => proportion::wilson,
        "clopper_pearson" => proportion::clopper_pearson,
        _ => proportion::jeffreys,
    };
    let mut all = ends(interval(passed, of, given.confidence()));
    merge(&mut all, json!({ "p": passed as f64 / of as f64 }));
    all
}

fn differing(category: &str, given: &Given<'_>) -> Option<Value> {
    let (a, b, sure) = (given.numbers("a"), given.numbers("b"), given.confidence());
    match category {
        "clustered_se" => {
            let scores = if given.has("scores") {
                given.numbers("scores")
            } else {
                a.iter().zip(&b).map(|(a, b)| a - b).collect()
            };
            let clusters = given.texts("clusters")?;
            let told = mean::clustered(&scores, &clusters, sure)?;
            let (naive, count) = (mean::mean(&scores, sure)?, told.freedom + 1.0);
            let plain = told.estimate.se * ((count - 1.0) / count).sqrt();
            Some(with(
                &told.estimate,
                json!({
                    "mean": told.estimate.value, "mean_diff": told.estimate.value, "se_naive": naive.estimate.se,
                    "se_clustered": plain, "se_clustered_corrected": told.estimate.se, "n_clusters": count as u64,
                    "t": told.estimate.value / told.estimate.se, "p_value": told.p(),
                }),
            ))
        }
        "paired_t" => {
            let told = paired::paired::<u64>(&a, &b, None, sure)?;
            let apart = mean::welch(&a, &b, sure)?;
            let (va, vb, vd) = (mean::variance(&a)?, mean::variance(&b)?, told.estimate.se.powi(2) * a.len() as f64);
            Some(with(
                &told.estimate,
                json!({
                    "mean_diff": told.estimate.value, "t": told.estimate.value / told.estimate.se,
                    "df": told.freedom as u64, "p_value": told.p(), "se_unpaired": apart.estimate.se,
                    "correlation": (va + vb - vd) / (2.0 * (va * vb).sqrt()),
                }),
            ))
        }
        "welch" => {
            let told = mean::welch(&a, &b, sure)?;
            let (diff, se) = (told.estimate.value, told.estimate.se);
            Some(json!({ "diff": diff, "t": diff / se, "df": told.freedom, "p_value": told.p() }))
        }
        _ => {
            let low = paired::lower_bound(&a, &b, sure)?;
            let pass: Vec<bool> = given.numbers("margin").into_iter().map(|margin| low > -margin).collect();
            let diff = paired::paired::<u64>(&a, &b, None, sure)?.estimate.value;
            Some(json!({ "mean_diff": diff, "lower": low, "pass": pass }))
        }
    }
}

fn mcnemar(given: &Given<'_>) -> Option<Value> {
    let pairs = Pairs {
        both: given.count("both_pass"),
        first_only: given.count("a_only"),
        second_only: given.count("b_only"),
        neither: given.count("both_fail"),
    };
    let difference = pairs.difference(given.confidence())?;
    let ((chi2, chi2_p), (chi2_cc, chi2_cc_p)) = (pairs.mcnemar_chi(false), pairs.mcnemar_chi(true));
    let mut all = ends(difference.interval);
    let (exact_p, mid_p) = (pairs.mcnemar(), pairs.mcnemar_mid());
    merge(
        &mut all,
        json!({
            "exact_p": exact_p, "mid_p": mid_p, "chi2": chi2, "chi2_p": chi2_p, "chi2_cc": chi2_cc,
            "chi2_cc_p": chi2_cc_p, "diff": difference.value,
        }),
    );
    Some(all)
}

fn two_proportions(given: &Given<'_>) -> Option<Value> {
    let passed = |passed: &str, of: &str| independent::Passed { passed: given.count(passed), of: given.count(of) };
    let (first, second) = (passed("x1", "n1"), passed("x2", "n2"));
    let difference = independent::difference(first, second, given.confidence())?;
    let z = independent::z_test(first, second);
    let mut all = ends(difference.interval);
    let fisher = independent::fisher(first, second);
    merge(
        &mut all,
        json!({ "diff": difference.value, "z": z.map(|z| z.0), "z_p": z.map(|z| z.1), "fisher_p": fisher }),
    );
    Some(all)
}

fn bootstrap(given: &Given<'_>) -> Option<Value> {
    let (scores, sure) = (given.numbers("scores"), given.confidence());
    if given.has("replicates") {
        let told = resample::bca(&scores, &given.numbers("replicates"), sure)?;
        let mut all = ends(told.interval);
        merge(
            &mut all,
            json!({
                "estimate": mean::average(&scores), "z0": told.z0, "acceleration": told.acceleration,
                "level_lower": told.levels[0], "level_upper": told.levels[1],
            }),
        );
        return Some(all);
    }
    if given.has("min_resamples") {
        let means = resample::means_resampled(&scores, given.count("min_resamples") as usize, 17);
        let told = resample::bca(&scores, &means, sure)?.interval;
        let at = |share| mean::quantile(&means, share);
        return Some(json!({
            "bca_lower": told.low, "bca_upper": told.high,
            "percentile_lower": at(sure.alpha() / 2.0), "percentile_upper": at(1.0 - sure.alpha() / 2.0),
        }));
    }
    let means = every_mean(&scores);
    let centre = mean::average(&means)?;
    let squares: f64 = means.iter().map(|mean| (mean - centre).powi(2)).sum();
    Some(json!({
        "n_resamples": means.len(), "boot_se": (squares / means.len() as f64).sqrt(),
        "p2_5": mean::quantile(&means, 0.025), "p97_5": mean::quantile(&means, 0.975),
    }))
}

/// The means of all lists that can be drawn with replacement.
fn every_mean(scores: &[f64]) -> Vec<f64> {
    let n = scores.len();
    let draw = |mut which: usize| {
        (0..n)
            .map(|_| {
                let score = scores[which % n];
                which /= n;
                score
            })
            .sum::<f64>()
            / n as f64
    };
    (0..n.pow(n as u32)).map(draw).collect()
}

fn planned(given: &Given<'_>) -> Value {
    let aim = given.aim();
    if given.has("p1") {
        let (p1, p2) = (given.number("p1"), given.number("p2"));
        let pooled = power::proportions_cases(p1, p2, aim);
        return json!({
            "n_pooled": pooled, "n_pooled_ceil": pooled.ceil() as u64,
            "cohen_h": power::cohen_h(p1, p2), "n_cohen_h": power::cohen_cases(p1, p2, aim),
        });
    }
    if given.has("p_a_only") {
        let n = power::mcnemar_cases(given.number("p_a_only"), given.number("p_b_only"), aim);
        return json!({ "n_real": n, "n": n.ceil() as u64 });
    }
    let spread = power::Spread {
        between: given.number("omega2"),
        within_first: given.number("sigma2_a"),
        within_second: given.number("sigma2_b"),
        repeats_first: given.number("k_a"),
        repeats_second: given.number("k_b"),
    };
    if given.has("delta") {
        let n = power::cases_needed(spread.of_case(), given.number("delta"), aim);
        return json!({ "n_real": n, "n": n.ceil() as u64 });
    }
    json!({ "mde": power::detectable(spread.of_case(), given.number("n"), aim) })
}

fn variance_reduction(given: &Given<'_>) -> Value {
    let variance = |repeats: f64| {
        power::Spread {
            between: given.number("omega2"),
            within_first: given.number("sigma2"),
            within_second: 0.0,
            repeats_first: repeats,
            repeats_second: 1.0,
        }
        .of_case()
    };
    let repeats = given.numbers("k");
    json!({
        "se": repeats.iter().map(|k| (variance(*k) / given.number("n")).sqrt()).collect::<Vec<_>>(),
        "variance_ratio": repeats.iter().map(|k| variance(*k) / variance(1.0)).collect::<Vec<_>>(),
    })
}

fn several(category: &str, given: &Given<'_>) -> Value {
    let alpha = given.number("alpha");
    if category == "e_bh" {
        let reject = multiple::e_benjamini_hochberg(&given.numbers("e_values"), alpha);
        return json!({ "k": reject.iter().filter(|claimed| **claimed).count(), "reject": reject });
    }
    let told = |method: fn(&[f64]) -> Vec<f64>| {
        let adjusted = method(&given.numbers("p"));
        let reject: Vec<bool> = adjusted.iter().map(|p| *p <= alpha).collect();
        json!({ "adjusted": adjusted, "reject": reject })
    };
    json!({
        "bh": told(multiple::benjamini_hochberg), "by": told(multiple::benjamini_yekutieli),
        "holm": told(multiple::holm), "bonferroni": told(multiple::bonferroni),
    })
}

fn pass_k(given: &Given<'_>) -> Value {
    let k = given.count("k");
    let attempts = |of: u64, passed: u64| repeats::Attempts { of, passed };
    if given.has("tasks") {
        let tasks = given.0["tasks"].as_array().into_iter().flatten().map(Given);
        let tasks: Vec<_> = tasks.map(|task| attempts(task.count("n"), task.count("c"))).collect();
        let at = repeats::over_cases(&tasks, |task| task.pass_at(k), Confidence::P95).map(|mean| mean.estimate);
        let all = repeats::over_cases(&tasks, |task| task.pass_all(k), Confidence::P95).map(|mean| mean.estimate);
        return json!({
            "pass_at_k": at.map(|at| at.value), "pass_at_k_se": at.map(|at| at.se),
            "pass_hat_k": all.map(|all| all.value), "pass_hat_k_se": all.map(|all| all.se),
        });
    }
    let (n, c) = (given.count("n"), given.count("c"));
    let share = c as f64 / n as f64;
    json!({
        "pass_at_k": attempts(n, c).pass_at(k), "pass_hat_k": attempts(n, c).pass_all(k),
        "naive_at_k": 1.0 - (1.0 - share).powi(k as i32), "naive_hat_k": share.powi(k as i32),
    })
}

fn agreed(given: &Given<'_>) -> Option<Value> {
    if given.has("ratings") {
        let row = |row: &Value| row.as_array().into_iter().flatten().map(Value::as_f64).collect();
        let ratings: Vec<Vec<Option<f64>>> = given.0["ratings"].as_array()?.iter().map(row).collect();
        let alpha = |level| agreement::krippendorff(&ratings, level);
        return Some(json!({
            "alpha_nominal": alpha(Level::Nominal), "alpha_ordinal": alpha(Level::Ordinal),
            "alpha_interval": alpha(Level::Interval),
        }));
    }
    if given.has("counts") {
        return Some(json!({ "fleiss_kappa": agreement::fleiss(&given.table("counts")) }));
    }
    let table = Confusion::new(given.table("confusion"))?;
    let mut all = json!({
        "observed": table.observed(), "kappa_linear": table.kappa_weighted(Weights::Linear),
        "kappa_quadratic": table.kappa_weighted(Weights::Quadratic), "gwet_ac1": table.gwet(),
        "sensitivity": table.sensitivity(), "specificity": table.specificity(), "f1": table.f1(),
        "mcc": table.correlation(),
    });
    if let Some(kappa) = table.kappa(given.confidence()) {
        merge(&mut all, with(&kappa, json!({ "kappa": kappa.value })));
    }
    Some(all)
}

fn judge_correction(given: &Given<'_>) -> Option<Value> {
    let known = corrected::Known {
        passed: given.count("human_pos"),
        passed_too: given.count("human_pos_judge_pos"),
        failed: given.count("human_neg"),
        failed_too: given.count("human_neg_judge_neg"),
    };
    let (judged, of) = (given.count("judge_pass"), given.count("n"));
    let theta = corrected::rogan_gladen(judged, of, known, given.confidence())?;
    Some(with(
        &theta,
        json!({
            "raw_rate": judged as f64 / of as f64, "theta": theta.value, "theta_clipped": theta.value.clamp(0.0, 1.0),
            "sensitivity": known.passed_too as f64 / known.passed as f64,
            "specificity": known.failed_too as f64 / known.failed as f64,
        }),
    ))
}

fn ppi(given: &Given<'_>) -> Option<Value> {
    let (human, judge, unlabelled) =
        (given.numbers("human"), given.numbers("judge_labelled"), given.numbers("judge_unlabelled"));
    let labelled = corrected::Labelled { human: &human, judge: &judge, unlabelled: &unlabelled };
    let sure = given.confidence();
    Some(json!({
        "ppi": with(&labelled.powered(sure)?, json!({})), "classical": with(&labelled.classical(sure)?, json!({})),
        "ppi_pp": with(&labelled.tuned(sure)?, json!({})), "judge_only_mean": mean::average(&unlabelled),
    }))
}

fn at_every_look(given: &Given<'_>) -> Value {
    let sure = given.confidence();
    if given.has("v_opt") {
        let best = Confidence::new(1.0 - given.number("alpha_opt")).unwrap_or(sure);
        let told = anytime::Mixture::new(given.number("v_opt"), best);
        return json!({ "rho": told.rho, "boundary": told.at(given.number("v")) });
    }
    if given.has("rho") {
        let of = |half: fn(f64, f64, f64, Confidence) -> f64| {
            half(given.number("variance"), given.number("n"), given.number("rho"), sure)
        };
        let (half, mean) = (of(anytime::asymptotic), given.number("mean"));
        return json!({
            "half_width_thm22": half, "half_width_prop25": of(anytime::asymptotic_lindeberg),
            "lower_thm22": mean - half, "upper_thm22": mean + half,
        });
    }
    let (scores, mut told) = (given.numbers("x"), [const { Vec::new() }; 4]);
    for time in given.numbers("times") {
        let mut sequence = anytime::Sequence::new(sure);
        scores.iter().take(time as usize).for_each(|score| sequence.add(*score));
        let (hoeffding, bernstein) = (sequence.hoeffding(), sequence.bernstein());
        let ends = [hoeffding.low, hoeffding.high, bernstein.low, bernstein.high];
        told.iter_mut().zip(ends).for_each(|(list, end)| list.push(end));
    }
    let [hoeffding_lower, hoeffding_upper, eb_lower, eb_upper] = told;
    json!({
        "hoeffding_lower": hoeffding_lower, "hoeffding_upper": hoeffding_upper, "eb_lower": eb_lower,
        "eb_upper": eb_upper,
    })
}

fn e_process(given: &Given<'_>) -> Value {
    let told = |log_e: f64| json!({ "log_e": log_e, "e": log_e.exp(), "anytime_p": evidence::anytime_p(log_e.exp()) });
    if given.has("successes") {
        let prior = [given.number("prior_a"), given.number("prior_b")];
        return told(evidence::proportion(given.count("successes"), given.count("n"), given.number("p0"), prior));
    }
    if given.has("a_only") {
        let (first_only, second_only) = (given.count("a_only"), given.count("b_only"));
        let mut all = told(evidence::paired(first_only, second_only));
        let pairs = Pairs { first_only, second_only, ..Pairs::default() };
        merge(&mut all, json!({ "fixed_n_exact_p": pairs.mcnemar() }));
        return all;
    }
    if given.has("tau2") {
        let e = evidence::normal(given.number("n"), given.number("diff"), given.number("s2"), given.number("tau2"));
        return json!({ "lambda": e, "anytime_p": evidence::anytime_p(e) });
    }
    if given.has("pseudo") {
        let log_e = evidence::two_arms(&given.truths("a"), &given.truths("b"), given.number("pseudo"));
        let most = log_e.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let last = log_e.last().copied().unwrap_or(0.0);
        return json!({ "log_e": log_e, "e": last.exp(), "anytime_p": evidence::anytime_p(most.exp()) });
    }
    told(evidence::two_arms_any((given.count("s_a"), given.count("n_a")), (given.count("s_b"), given.count("n_b"))))
}

fn best(given: &Given<'_>) -> Value {
    let points: Vec<Given<'_>> = given.0["points"].as_array().into_iter().flatten().map(Given).collect();
    let choice = |point: &Given<'_>| pareto::Choice {
        quality: point.number("quality"),
        cost: point.number("cost"),
        latency: point.number("latency_ms"),
    };
    let stays = pareto::frontier(&points.iter().map(choice).collect::<Vec<_>>());
    let names = points.iter().zip(stays).filter(|(_, stays)| *stays).map(|(point, _)| &point.0["id"]);
    json!({ "frontier": names.collect::<Vec<_>>() })
}

#[test]
fn reference_values() {
    let file: Value = serde_json::from_str(include_str!("../vectors/stats.json")).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let wrong = differences(case).unwrap_or_else(|| vec!["has no answer".into()]);
        assert!(wrong.is_empty(), "{}: {}", case["id"], wrong.join("; "));
    }
}
