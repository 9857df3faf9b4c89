import { spawnSync } from 'node:child_process';

/** A namespace with one link to this machine, as a cable between two hosts: cut, packets vanish without a word. */
export class NetworkNamespace {
  readonly name: string;
  /** This machine's address as the namespace sees it. */
  readonly hostAddress: string;
  readonly #link: string;

  private constructor(name: string, hostAddress: string, link: string) {
    this.name = name;
    this.hostAddress = hostAddress;
    this.#link = link;
  }

  /** Undefined where this user or system cannot make one. */
  static open(): NetworkNamespace | undefined {
    const name = `halotile-${process.pid}`;
    // An interface's name has at most 15 characters.
    const [near, far] = [`ht${process.pid}a`, `ht${process.pid}b`];
    if (!ip('netns', 'add', name)) return undefined;
    const subnet = `10.213.${process.pid % 256}`;
    const namespace = new NetworkNamespace(name, `${subnet}.1`, near);
    const made =
      ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name) &&
      ip('addr', 'add', `${subnet}.1/30`, 'dev', near) &&
      ip('link', 'set', near, 'up') &&
      ip('-n', name, 'addr', 'add', `${subnet}.2/30`, 'dev', far) &&
      ip('-n', name, 'link', 'set', far, 'up');
    if (made) return namespace;
    namespace.close();
    return undefined;
  }

  cut(): void {
    ip('link', 'set', this.#link, 'down');
  }

  mend(): void {
    ip('link', 'set', this.#link, 'up');
  }

  close(): void {
    ip('link', 'del', this.#link);
    ip('netns', 'del', this.name);
  }
}

function ip(...args: readonly string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0;
}
