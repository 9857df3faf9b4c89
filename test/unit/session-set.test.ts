import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionSet } from '../../worker/session/session-set.js';

test('a worker dials every address of a name, those that come later too, and hangs up where nobody is any more', async () => {
  let addresses: string[] | Error = ['10.0.0.1', 'fd00::2'];
  const dialled: [string, string | undefined][] = [];
  const drained: string[] = [];
  const connected = new Set<string>();
  const log: string[] = [];
  const set = await SessionSet.open({
    coordinators: ['a.example:7070', 'dns:all.example:7071', 'dns:///all.example:7071'],
    open(address, serverName) {
      dialled.push([address, serverName]);
      return {
        get isConnected() {
          return connected.has(address);
        },
        drain: async () => void drained.push(address),
      };
    },
    lookUp: async (host) => {
      assert.equal(host, 'all.example');
      if (addresses instanceof Error) throw addresses;
      return addresses;
    },
    log: (line) => void log.push(line),
  });
  try {
    assert.deepEqual(dialled, [
      ['a.example:7070', undefined],
      ['10.0.0.1:7071', 'all.example'],
      ['[fd00::2]:7071', 'all.example'],
    ]);
    // A name that is unknown for a moment ends nothing, and is said once.
    addresses = new Error('getaddrinfo EAI_AGAIN');
    await set.look();
    await set.look();
    assert.deepEqual([drained, log.length], [[], 1]);
    // One has left and still answers, one is gone, one has come.
    connected.add('10.0.0.1:7071');
    addresses = ['10.0.0.3'];
    await set.look();
    assert.deepEqual([drained, dialled.at(-1)], [['[fd00::2]:7071'], ['10.0.0.3:7071', 'all.example']]);
    connected.clear();
    await set.look();
    assert.deepEqual(drained, ['[fd00::2]:7071', '10.0.0.1:7071']);
    assert.equal(set.all.length, 2);
  } finally {
    await set.drain(0);
  }
  assert.equal(drained.length, 4);
});
