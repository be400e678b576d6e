const RUNS = new Set<() => void>();

function runAll(): void {
  for (const run of RUNS) {
    try {
      run();
    } catch {
      // The process ends, and what else there is to remove comes first.
    }
  }
}

/**
 * Has `run`, which must be done when it returns, called when the process exits without having stopped all: by `process.exit` or an
 * error, not by SIGKILL. Returns what calls that off.
 */
export function atExit(run: () => void): () => void {
  if (RUNS.size === 0) process.on("exit", runAll);
  RUNS.add(run);
  return () => {
    RUNS.delete(run);
    if (RUNS.size === 0) process.off("exit", runAll);
  };
}
