import assert from 'node:assert/strict';
import { isEnded } from '../../../library/cluster/jobs-client.js';
import { SchedulesClient } from '../../../library/cluster/schedules-client.js';
import { writeJobSpec } from '../../../proto/convert/job-spec.js';
import { readTimestamp } from '../../../proto/convert/timestamp.js';
import { halotile } from '../../../proto/gen/messages.js';
import { type FaultedCluster, faultedSpec } from './faulted-cluster.js';
import { eventually, patiently, pause } from './patience.js';

const { CatchUp, JobState, Overlap } = halotile.v1;

/** A schedule of every second that runs while other things happen to a cluster. */
export class ScheduledRuns {
  readonly #cluster: FaultedCluster;
  readonly #id: string;
  readonly #clients: readonly SchedulesClient[];
  #outputs: readonly string[] = [];
  #isMade = false;

  constructor(cluster: FaultedCluster, id: string) {
    this.#cluster = cluster;
    this.#id = id;
    this.#clients = cluster.addresses.map((address) => new SchedulesClient({ address }));
  }

  /** Runs it for so long; its runs do not wait for each other, and none is made up for. */
  async letRun(forMs: number): Promise<void> {
    const spec = writeJobSpec(faultedSpec((name) => `root:data/${name}`, `root:data/${this.#id}-run-{run}.tif`));
    const policies = { overlap: Overlap.OVERLAP_SKIP, catchUp: CatchUp.CATCH_UP_NONE };
    const schedule = { id: this.#id, cron: '* * * * * *', timeZone: 'UTC', spec, ...policies };
    await patiently(() => this.#clients[0]!.create(schedule));
    this.#isMade = true;
    await pause(forMs + 1000);
    await patiently(() => this.#clients[1]!.pause(this.#id));
  }

  /** Every time was run for once, and every run succeeded. @throws AssertionError */
  async check(say: (what: string) => string): Promise<void> {
    if (!this.#isMade) return;
    let last: readonly halotile.v1.IScheduleRun[] = [];
    await eventually(say('a run was decided and not submitted'), async () => {
      last = (await patiently(() => this.#clients[0]!.get(this.#id))).lastRuns ?? [];
      return last.every(({ jobId, note }) => jobId || note);
    });
    const runs = last.filter(({ jobId }) => jobId);
    const distinct = (values: unknown[], what: string) =>
      assert.equal(new Set(values).size, values.length, say(`${what} of two runs are the same: ${values.join(' ')}`));
    distinct(
      runs.map(({ due }) => readTimestamp(due)),
      'times',
    );
    distinct(
      runs.map(({ run }) => run),
      'numbers',
    );
    distinct(
      runs.map(({ jobId }) => jobId),
      'jobs',
    );
    for (const { run, jobId } of runs) {
      let state: halotile.v1.JobState = JobState.JOB_STATE_UNSPECIFIED;
      await eventually(say(`run ${run} has not ended`), async () => {
        state = (await this.#cluster.clients[1]!.get(jobId!)).state!;
        return isEnded(state);
      });
      assert.equal(state, JobState.JOB_STATE_SUCCEEDED, say(`run ${run} is ${JobState[state]}`));
      assert.equal(this.#cluster.sha256Of(this.#outputOf(run!)), this.#cluster.expected, say(`run ${run} differs`));
    }
    await this.#checkJobs(last, say);
    await patiently(() => this.#clients[0]!.remove(this.#id));
  }

  /** Every job that was submitted for a run is known as that run's; of earlier ones than are remembered nothing is known. */
  async #checkJobs(last: readonly halotile.v1.IScheduleRun[], say: (what: string) => string): Promise<void> {
    const submitted = new Map<string, string>();
    await patiently(async () => {
      for await (const { id, spec } of this.#cluster.clients[0]!.list()) {
        const output = spec?.output?.replace('root:data/', '') ?? '';
        if (output.startsWith(`${this.#id}-run-`)) submitted.set(id!, output);
      }
    });
    const known = new Map(last.map(({ run, jobId }) => [this.#outputOf(run!), jobId]));
    const oldest = Math.min(...last.map(({ run }) => run!));
    for (const [id, output] of submitted) {
      const run = Number(/-run-(\d+)/.exec(output)![1]);
      if (run >= oldest) assert.equal(known.get(output), id, say(`the job of run ${run} is not known`));
    }
    this.#outputs = [...submitted.values()];
  }

  get outputs(): readonly string[] {
    return this.#outputs;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #outputOf(run: number): string {
    return `${this.#id}-run-${run}.tif`;
  }
}
