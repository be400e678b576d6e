/** Lets everything run that is ready to: promises, and what they lead to; no time passes on a FakeClock. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
