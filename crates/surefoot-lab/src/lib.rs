//! Evals, feedback and the statistics behind them.
