import { randomUUID } from 'node:crypto';
import type { JobNews, JobRelay } from '../job-news.js';
import type { RedisClient, RedisClients } from './connect.js';

type Message = { readonly from: string } & ({ readonly news: JobNews } | { readonly cancel: string });

/**
 * What coordinators tell each other at once, by Redis' publish and subscribe; what is missed is looked up. Those of another
 * release hear it too while one replaces the other: a message keeps its form.
 */
export class NewsChannel implements JobRelay {
  readonly #name: string;
  readonly #self = randomUUID();
  readonly #commands: RedisClient;
  readonly #news = new Set<(news: JobNews) => void>();
  readonly #missed = new Set<() => void>();
  readonly #cancels = new Set<(id: string) => void>();

  private constructor(name: string, commands: RedisClient) {
    this.#name = name;
    this.#commands = commands;
  }

  static async open({ commands, listening }: RedisClients, prefix: string): Promise<NewsChannel> {
    const channel = new NewsChannel(`${prefix}:news`, commands);
    listening.on('message', (_name: string, text: string) => channel.#hear(text));
    await listening.subscribe(channel.#name);
    // ioredis subscribes again by itself; what was said meanwhile is lost.
    listening.on('ready', () => {
      for (const listener of channel.#missed) listener();
    });
    return channel;
  }

  tell(news: JobNews): void {
    this.#publish({ from: this.#self, news });
  }

  listen(onNews: (news: JobNews) => void, onMissed: () => void): void {
    this.#news.add(onNews);
    this.#missed.add(onMissed);
  }

  /** Whoever holds the job is to look whether it is cancelled. */
  cancel(id: string): void {
    this.#publish({ from: this.#self, cancel: id });
  }

  onCancel(listener: (id: string) => void): void {
    this.#cancels.add(listener);
  }

  #publish(message: Message): void {
    // Who missed it looks it up once Redis is back.
    this.#commands.publish(this.#name, JSON.stringify(message)).catch(() => {});
  }

  #hear(text: string): void {
    const message = JSON.parse(text) as Message;
    if ('cancel' in message) for (const listener of this.#cancels) listener(message.cancel);
    else if (message.from !== this.#self) for (const listener of this.#news) listener(message.news);
  }
}
