import { badUsage } from '../tiling/errors.js';

/**
 * The N of `--verify 1/N`: one task in N is computed on a second worker too.
 * @throws bad-usage
 */
export function verifyEveryOf(verify: string | undefined): number | undefined {
  if (verify === undefined) return undefined;
  const [, every] = /^1\/([1-9]\d{0,8})$/.exec(verify) ?? [];
  if (every !== undefined) return Number(every);
  throw badUsage({ what: `--verify ${verify}`, expected: '1/N, for example 1/100' });
}

/** @throws bad-usage where a job of this machine is to be verified: no other worker is there to compare with */
export function refuseVerifyHere({ verify }: { readonly verify?: string }): void {
  if (verify === undefined) return;
  throw badUsage({
    what: '--verify compares what two workers of a cluster compute',
    remedy: 'name one with --coordinator, or leave --verify out',
  });
}
