/** What a node is started with whose whole load is the bench's own: limits for strangers would only measure themselves. */
export const OWN_LOAD: readonly string[] = [
  ...["--max-streams", "1000000", "--streams-per-second", "1000000"],
  ...["--link-streams", "1000000", "--link-streams-per-second", "1000000", "--link-targets-per-minute", "100000"],
  ...["--target-streams", "1000000", "--target-streams-per-second", "1000000"],
];
