import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { badUsage, HalotileError } from '../../tiling/errors.js';
import { addEndpointOptions, type EndpointFlags, endpointOf } from '../endpoint-options.js';
import { number } from '../job-options.js';

interface HealthFlags extends EndpointFlags {
  readonly coordinator?: string;
  readonly metrics?: string;
  readonly ready?: boolean;
  readonly wait?: number;
}

/** What a probe waits for; orchestrators wait for some seconds. */
const TIMEOUT_MS = 4000;
const AGAIN_MS = 250;

/** `halotile health`: whether a coordinator or worker answers, for probes of containers and units. */
export function registerHealth(program: Command): void {
  const command = program
    .command('health')
    .option('--coordinator <address>', 'HOST:PORT of its API: asks by gRPC health checking')
    .option('--metrics <address>', 'HOST:PORT that serve or worker was given as --metrics: asks by HTTP')
    .option('--ready', 'with --metrics: whether it is ready for work, not only alive')
    .option('--wait <seconds>', 'ask until it serves, so long at most, for scripts that have just started it', number);
  addEndpointOptions(command).action(health);
}

async function health({ coordinator, metrics, ready, wait = 0, ...flags }: HealthFlags): Promise<void> {
  const untilMs = performance.now() + wait * 1000;
  const ask = async () => {
    if (coordinator !== undefined) await askApi(coordinator, flags);
    else if (metrics !== undefined) await askNumbers(metrics, ready === true ? 'readyz' : 'healthz');
    else throw badUsage({ what: 'neither --coordinator nor --metrics is given', expected: 'one of them' });
  };
  for (;;) {
    try {
      await ask();
      break;
    } catch (error) {
      const mayPass = error instanceof HalotileError && error.tag === 'unreachable';
      if (!mayPass || performance.now() + AGAIN_MS > untilMs) throw error;
      await delay(AGAIN_MS);
    }
  }
  process.stdout.write('serving\n');
}

async function askApi(address: string, flags: EndpointFlags): Promise<void> {
  const [{ CoordinatorClient }, { service }] = await Promise.all([
    import('../../proto/client/calls.js'),
    import('grpc-health-check'),
  ]);
  const client = new CoordinatorClient(endpointOf(address, flags));
  try {
    const check = service.Check as Parameters<typeof client.unary<object, object, object, { status: string }>>[0];
    const { status } = await client.unary(check, { service: '' }, { deadline: Date.now() + TIMEOUT_MS });
    if (status !== 'SERVING') throw unhealthy(address, `its status is ${status}`);
  } finally {
    client.close();
  }
}

async function askNumbers(address: string, path: 'healthz' | 'readyz'): Promise<void> {
  // What a server listens on need not be what a client can call.
  const host = address.replace(/^(0\.0\.0\.0|\[::\]):/, '127.0.0.1:');
  let answer: Response;
  try {
    answer = await fetch(`http://${host}/${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const cause = (error as Error).cause ?? error;
    throw unhealthy(address, (cause as NodeJS.ErrnoException).code ?? (cause as Error).message);
  }
  if (!answer.ok) throw unhealthy(address, (await answer.text()).trim());
}

function unhealthy(where: string, what: string): HalotileError {
  return new HalotileError('unreachable', { what, where, expected: 'an answer that it serves' });
}
