import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import { uprightInfo } from '../../tiling/sources/turn-upright.js';

test('the sides of a pixel that OME-XML states are turned with it', () => {
  const described = '<OME><Pixels PhysicalSizeX="0.25" PhysicalSizeXUnit="µm" PhysicalSizeY="0.5"/></OME>';
  const turned = (orientation: number): string => {
    const info = {
      ...{ width: 3, height: 2, channels: 1, dtype: 'uint8' },
      carried: [
        { tag: 270, type: 2, count: 1, bytes: new TextEncoder().encode(described) },
        { tag: 274, type: 3, count: 1, bytes: Uint8Array.of(orientation, 0) },
      ],
    } as unknown as RasterInfo;
    return new TextDecoder().decode(uprightInfo(info, 'a.tif').carried[0]!.bytes);
  };
  assert.equal(turned(3), described);
  assert.equal(turned(6), '<OME><Pixels PhysicalSizeY="0.25" PhysicalSizeYUnit="µm" PhysicalSizeX="0.5"/></OME>');
});
