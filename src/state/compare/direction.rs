//! Whether a metric is better when it is higher or lower, as far as its name tells.

/// Which way a metric gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More is better: accuracy, AUC, F1…
    Higher,
    /// Less is better: loss, error, latency, cost…
    Lower,
}

/// Words in a metric's name that say that less is better.
const LOWER: &[&str] = &[
    "loss",
    "error",
    "errors",
    "err",
    "mse",
    "rmse",
    "rmsle",
    "msle",
    "mae",
    "mape",
    "smape",
    "wape",
    "mase",
    "medae",
    "perplexity",
    "ppl",
    "wer",
    "cer",
    "eer",
    "ece",
    "fpr",
    "fnr",
    "fid",
    "brier",
    "deviance",
    "nll",
    "bic",
    "aic",
    "latency",
    "duration",
    "runtime",
    "time",
    "cost",
    "price",
    "toxicity",
    "hallucination",
    "hallucinations",
    "failures",
    "failed",
    "timeouts",
    "regret",
    "logloss",
];
/// Words that say that more is better.
const HIGHER: &[&str] = &[
    "accuracy",
    "acc",
    "auc",
    "auroc",
    "auprc",
    "roc",
    "f1",
    "fbeta",
    "precision",
    "recall",
    "sensitivity",
    "specificity",
    "tpr",
    "tnr",
    "r2",
    "r²",
    "map",
    "ndcg",
    "mrr",
    "iou",
    "dice",
    "jaccard",
    "mcc",
    "kappa",
    "gini",
    "lift",
    "silhouette",
    "bleu",
    "rouge",
    "rouge1",
    "rouge2",
    "rougel",
    "meteor",
    "correctness",
    "relevance",
    "faithfulness",
    "groundedness",
    "similarity",
    "helpfulness",
    "success",
    "successes",
    "passed",
    "pass",
    "reward",
    "throughput",
    "explained",
    "hit",
    "hits",
    "psnr",
    "ssim",
];

/// Which way a metric of this name gets better; `None` if its name does not say, or says both.
///
/// `score` alone counts as higher, but any other word outweighs it (`brier_score`). scikit-learn's `neg_` turns the
/// meaning around.
pub fn direction(name: &str) -> Option<Direction> {
    let words = words(name);
    let any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let meant = match (any(LOWER), any(HIGHER)) {
        (true, false) => Direction::Lower,
        (false, true) => Direction::Higher,
        (false, false) if any(&["score", "scores"]) => Direction::Higher,
        _ => return None,
    };
    let negated = any(&["neg", "negative"]);
    Some(match (meant, negated) {
        (Direction::Lower, true) | (Direction::Higher, false) => Direction::Higher,
        _ => Direction::Lower,
    })
}

/// `valRMSE/fold-1` → `val`, `rmse`, `fold`, `1`
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_which_way_is_better_or_do_not() {
        for name in
            ["loss", "val_loss", "RMSE", "valRmse", "latency_s", "cost_usd", "mean_squared_error", "fit time"]
        {
            assert_eq!(direction(name), Some(Direction::Lower), "{name}");
        }
        for name in [
            "acc",
            "val/accuracy",
            "roc_auc",
            "f1-macro",
            "r2_score",
            "answer_correctness",
            "testAuc",
            "score",
        ] {
            assert_eq!(direction(name), Some(Direction::Higher), "{name}");
        }
        for name in ["tokens_per_answer", "epoch", "accuracy_loss", "glossary", "n_estimators", "", "maps"] {
            assert_eq!(direction(name), None, "{name}");
        }
    }

    #[test]
    fn scores_of_errors_and_negated_errors_are_understood() {
        assert_eq!(direction("brier_score"), Some(Direction::Lower));
        assert_eq!(direction("neg_mean_squared_error"), Some(Direction::Higher));
        assert_eq!(direction("neg_log_loss"), Some(Direction::Higher));
    }
}
