/** Keeps this process running until it is disposed: the timers of a Clock do not. */
export function stayAlive(): Disposable {
  const { port1 } = new MessageChannel();
  port1.ref();
  port1.onmessage = (): void => {};
  return { [Symbol.dispose]: () => port1.close() };
}
