import { CoordinatorClient } from '../../proto/client/calls.js';
import type { CoordinatorEndpoint } from '../../proto/client/endpoint.js';
import type { halotile } from '../../proto/gen/messages.js';
import { Schedules } from '../../proto/gen/services.js';

/** What a client of the Schedules service does. */
export class SchedulesClient {
  readonly #client: CoordinatorClient;

  constructor(endpoint: CoordinatorEndpoint) {
    this.#client = new CoordinatorClient(endpoint);
  }

  /** Adds or replaces one. @throws HalotileError as the coordinator refuses it */
  async create(schedule: halotile.v1.ISchedule): Promise<halotile.v1.ISchedule> {
    return (await this.#client.unary(Schedules.createSchedule, { schedule })).schedule!;
  }

  async get(id: string): Promise<halotile.v1.ISchedule> {
    return (await this.#client.unary(Schedules.getSchedule, { id })).schedule!;
  }

  /** By id, all pages, without what their runs do. */
  async *list(): AsyncGenerator<halotile.v1.ISchedule> {
    let pageToken = '';
    do {
      const page = await this.#client.unary(Schedules.listSchedules, { pageSize: 100, pageToken });
      yield* page.schedules;
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  async pause(id: string): Promise<halotile.v1.ISchedule> {
    return (await this.#client.unary(Schedules.pauseSchedule, { id })).schedule!;
  }

  async resume(id: string): Promise<halotile.v1.ISchedule> {
    return (await this.#client.unary(Schedules.resumeSchedule, { id })).schedule!;
  }

  async remove(id: string): Promise<void> {
    await this.#client.unary(Schedules.deleteSchedule, { id });
  }

  /** The id of the job. */
  async runNow(id: string): Promise<string> {
    return (await this.#client.unary(Schedules.runScheduleNow, { id })).jobId;
  }

  close(): void {
    this.#client.close();
  }
}
