/** Whether only this machine reaches an address, HOST:PORT. */
export function isLoopback(listen: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):\d+$/.test(listen);
}
