/** Gathers a repeated flag. */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
