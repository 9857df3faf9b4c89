import OpenSeadragon from 'openseadragon';
import { useEffect, useRef } from 'preact/hooks';
import type { TileBoard } from '../live/tiles';
import { get } from '../server/api';
import type { Shown } from './shown';
import { type Colouring, TilePaint } from './tile-colours';
import { type PictureLook, tileSource } from './tile-source';

interface PaneProps {
  readonly below: Shown;
  readonly above: Shown;
  /** Share of the pane's width at which `above` begins; 0 shows it alone. */
  readonly line: number;
  readonly onLine?: (line: number) => void;
  readonly map?: Shown;
  /** Whose values are told. */
  readonly told: readonly Shown[];
  readonly overlay: number;
  readonly board?: TileBoard;
  readonly version?: number;
  readonly colouring: Colouring;
  /** Panes of one group show the same place. */
  readonly group?: string;
  readonly onValue: (text: string) => void;
}

/**
 * OpenSeadragon adds a style of its own where it finds none of this name, which the content security policy forbids.
 * An element that only is called so keeps it from trying.
 */
function keepStyleOut(): void {
  const name = 'data-openseadragon-mobile-css';
  if (document.querySelector(`style[${name}]`) !== null) return;
  const standIn = document.createElementNS('https://halotile.invalid/', 'style');
  standIn.setAttribute(name, '');
  document.head.append(standIn);
}

/** New pixels of an unfinished picture are fetched that often. */
const RENEW_MS = 1500;
const VALUE_MS = 120;
const groups = new Map<string, Set<OpenSeadragon.Viewer>>();

/** Deep zoom of one picture, or of two with a line between them; tiles that are not finished lie over it. */
export function Pane(props: PaneProps) {
  const host = useRef<HTMLDivElement>(null);
  const state = useRef<PaneState | undefined>(undefined);
  const { below, above, map, line, overlay, board, colouring, version, onLine } = props;
  const isLive = board !== undefined && board.finishedShare < 1;

  useEffect(() => {
    const pane = new PaneState(host.current!, props);
    state.current = pane;
    return () => pane.close();
  }, [below.id, above.id, map?.id, props.group, board?.grids, shareOf(below), board === undefined && shareOf(above)]);
  useEffect(() => state.current?.setLine(line));
  useEffect(() => state.current?.setOverlay(overlay));
  useEffect(() => {
    if (board !== undefined) state.current?.showTiles(board, colouring);
  }, [board, version, colouring]);
  useEffect(() => {
    if (!isLive) void state.current?.renew();
  }, [isLive]);

  const drag = (event: PointerEvent) => {
    const { left, width } = host.current!.getBoundingClientRect();
    onLine?.(Math.min(1, Math.max(0, (event.clientX - left) / width)));
  };
  return (
    <div class="pane" onPointerMove={(event) => state.current?.point(event, props.onValue)}>
      <div class="osd" ref={host} />
      {onLine !== undefined && (
        <div
          class="line"
          aria-hidden="true"
          ref={(element) => element?.style.setProperty('left', `${100 * line}%`)}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            event.stopPropagation();
          }}
          onPointerMove={(event) => {
            if (event.currentTarget.hasPointerCapture(event.pointerId)) drag(event);
          }}
        />
      )}
      <div class="zoom">
        <button type="button" aria-label="Zoom in" onClick={() => state.current?.zoom(1.6)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => state.current?.zoom(1 / 1.6)}>
          −
        </button>
        <button type="button" aria-label="Whole picture" onClick={() => state.current?.home()}>
          ⌂
        </button>
      </div>
    </div>
  );
}

class PaneState {
  readonly #viewer: OpenSeadragon.Viewer;
  readonly #props: PaneProps;
  readonly #overlay = document.createElement('canvas');
  #above: OpenSeadragon.TiledImage | undefined;
  #map: OpenSeadragon.TiledImage | undefined;
  #line = 0;
  #opacity = 0;
  #paint: TilePaint | undefined;
  #board: TileBoard | undefined;
  #shownVersion = -1;
  #renewing: number | undefined;
  #closed = false;
  #asked = 0;
  #pointed = 0;

  constructor(host: HTMLElement, props: PaneProps) {
    this.#props = props;
    this.#board = props.board;
    keepStyleOut();
    this.#viewer = OpenSeadragon({
      element: host,
      drawer: 'canvas',
      showNavigationControl: false,
      imageSmoothingEnabled: false,
      minZoomImageRatio: 0.5,
      maxZoomPixelRatio: 24,
      visibilityRatio: 0.3,
      animationTime: 0.4,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      crossOriginPolicy: false,
    });
    this.#viewer.canvas.setAttribute('aria-label', `Picture of ${props.above.label}: arrows move, plus and minus zoom`);
    this.#viewer.canvas.setAttribute('role', 'application');
    this.#overlay.className = 'tiles';
    this.#overlay.setAttribute('aria-hidden', 'true');
    this.#viewer.canvas.appendChild(this.#overlay);
    const { below, above, map } = props;
    if (below.id !== above.id) this.#add(below, lookOf(below), {});
    this.#add(above, this.#aboveLook(), { board: this.#unfinished(), onAdded: (item) => this.#setAbove(item) });
    if (map !== undefined && map.id !== above.id) {
      const { mapLow, mapHigh } = map.info;
      this.#add(
        map,
        { low: mapLow, high: mapHigh, style: 'heat' },
        {
          opacity: 0,
          onAdded: (item) => {
            this.#map = item;
            item.setOpacity(this.#opacity);
          },
        },
      );
    }
    this.#viewer.addHandler('update-viewport', () => {
      host.dataset.zoom = this.#viewer.viewport.getZoom(true).toFixed(3);
      this.#drawTiles();
    });
    this.#viewer.addHandler('viewport-change', () => {
      this.#clip();
      this.#follow();
    });
    this.#viewer.addHandler('resize', () => this.#clip());
    this.#viewer.addHandler('open', () => this.home());
    if (props.group !== undefined) {
      const group = groups.get(props.group) ?? new Set();
      groups.set(props.group, group.add(this.#viewer));
    }
    this.#renewing = window.setInterval(() => void this.renew(), RENEW_MS);
  }

  setLine(line: number): void {
    this.#line = line;
    this.#clip();
  }

  setOverlay(opacity: number): void {
    this.#opacity = opacity;
    this.#map?.setOpacity(opacity);
  }

  showTiles(board: TileBoard, colouring: Colouring): void {
    if (this.#board !== board || this.#paint === undefined) this.#paint = new TilePaint(board);
    this.#board = board;
    this.#paint.paint(board, colouring);
    this.#drawTiles();
  }

  /** Puts the picture as it is now over the one that is shown, then takes that one away: nothing flickers. */
  async renew(): Promise<void> {
    const board = this.#board;
    if (board === undefined || this.#closed || board.version === this.#shownVersion) return;
    if (board.done === 0 || (this.#above !== undefined && !this.#above.getFullyLoaded() && board.finishedShare < 1))
      return;
    this.#shownVersion = board.version;
    const before = this.#above;
    this.#add(this.#props.above, this.#aboveLook(), {
      board: this.#unfinished(),
      ...(before && { index: this.#viewer.world.getIndexOfItem(before) + 1 }),
      onAdded: (item) => {
        this.#setAbove(item);
        const drop = () => {
          if (before !== undefined && this.#viewer.world.getIndexOfItem(before) >= 0)
            this.#viewer.world.removeItem(before);
        };
        if (item.getFullyLoaded()) drop();
        else item.addOnceHandler('fully-loaded-change', drop);
      },
    });
  }

  zoom(by: number): void {
    this.#viewer.viewport.zoomBy(by);
    this.#viewer.viewport.applyConstraints();
  }

  home(): void {
    this.#viewer.viewport.goHome(true);
  }

  /** Tells the values under the pointer, of every picture that is shown there. */
  point(event: PointerEvent, tell: (text: string) => void): void {
    const now = performance.now();
    if (now - this.#pointed < VALUE_MS || this.#above === undefined) return;
    this.#pointed = now;
    const { left, top } = this.#viewer.element.getBoundingClientRect();
    const at = this.#above.viewerElementToImageCoordinates(
      new OpenSeadragon.Point(event.clientX - left, event.clientY - top),
    );
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    const { width, height } = this.#props.above.info;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const asked = ++this.#asked;
    void Promise.all(this.#props.told.map((picture) => samplesAt(picture, x, y))).then((texts) => {
      if (asked === this.#asked) tell(`${x}, ${y}:  ${texts.join('   ')}`);
    });
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#renewing);
    if (this.#props.group !== undefined) groups.get(this.#props.group)?.delete(this.#viewer);
    this.#viewer.destroy();
  }

  #unfinished(): TileBoard | undefined {
    return this.#props.board === undefined ? undefined : this.#board;
  }

  /** Input and result of one type are shown in one range, so that a difference is one. */
  #aboveLook(): PictureLook {
    const { below, above } = this.#props;
    const same = below.info.dtype === above.info.dtype && above.role === 'output' && below.role === 'input';
    return lookOf(same ? below : above);
  }

  #add(
    picture: Shown,
    look: PictureLook,
    options: {
      board?: TileBoard;
      opacity?: number;
      index?: number;
      onAdded?: (item: OpenSeadragon.TiledImage) => void;
    },
  ): void {
    const { board, opacity = 1, index, onAdded } = options;
    this.#viewer.addTiledImage({
      tileSource: tileSource(picture.info, look, board) as unknown as OpenSeadragon.TileSource,
      ...{ x: 0, y: 0, width: 1, opacity },
      ...(index !== undefined && { index }),
      success: (event) => {
        if (!this.#closed) onAdded?.((event as unknown as { item: OpenSeadragon.TiledImage }).item);
      },
    });
  }

  #setAbove(item: OpenSeadragon.TiledImage): void {
    this.#above = item;
    this.#clip();
    this.#drawTiles();
  }

  /** The line stands still while pictures move under it. */
  #clip(): void {
    const item = this.#above;
    if (item === undefined) return;
    if (this.#line <= 0) {
      item.setClip(null);
      return;
    }
    const { width, height } = this.#props.above.info;
    const x = this.#line * this.#viewer.element.clientWidth;
    const from = item.viewerElementToImageCoordinates(new OpenSeadragon.Point(x, 0)).x;
    const left = Math.min(width, Math.max(0, from));
    item.setClip(new OpenSeadragon.Rect(left, 0, Math.max(0, width - left), height));
  }

  #follow(): void {
    if (this.#props.group === undefined || !this.#viewer.container.matches(':hover, :focus-within')) return;
    const { viewport } = this.#viewer;
    for (const other of groups.get(this.#props.group) ?? []) {
      if (other === this.#viewer) continue;
      other.viewport.zoomTo(viewport.getZoom(true), undefined, true);
      other.viewport.panTo(viewport.getCenter(true), true);
    }
  }

  #drawTiles(): void {
    const canvas = this.#overlay;
    const { clientWidth, clientHeight } = this.#viewer.element;
    const ratio = window.devicePixelRatio;
    if (canvas.width !== clientWidth * ratio || canvas.height !== clientHeight * ratio) {
      canvas.width = clientWidth * ratio;
      canvas.height = clientHeight * ratio;
    }
    const context = canvas.getContext('2d')!;
    context.clearRect(0, 0, canvas.width, canvas.height);
    const board = this.#board;
    if (board === undefined || this.#paint === undefined || this.#above === undefined) return;
    const { across, down, tileSide } = board.grid;
    const { width, height } = board.grids;
    const at = (x: number, y: number) => this.#above!.imageToViewerElementCoordinates(new OpenSeadragon.Point(x, y));
    const start = at(0, 0);
    const end = at(across * tileSide, down * tileSide);
    const edge = at(width, height);
    const from = Math.max(start.x, this.#line * clientWidth);
    context.save();
    context.scale(ratio, ratio);
    context.beginPath();
    context.rect(from, start.y, Math.max(0, edge.x - from), edge.y - start.y);
    context.clip();
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#paint.canvas, start.x, start.y, end.x - start.x, end.y - start.y);
    context.restore();
  }
}

/** Grows as a file without overviews is read through. */
function shareOf({ info }: Shown): number {
  return info.finishedShare;
}

function lookOf({ info, role }: Shown): PictureLook {
  if (role === 'map') return { low: info.mapLow, high: info.mapHigh, style: 'heat' };
  return { low: info.low, high: info.high, style: 'own' };
}

const SHORT = { input: 'input', map: 'map', output: 'result', file: '' } as const;

async function samplesAt({ id, role, info }: Shown, x: number, y: number): Promise<string> {
  if (x >= info.width || y >= info.height) return '';
  const path = `/api/pictures/${encodeURIComponent(id)}/value?x=${x}&y=${y}`;
  try {
    const { samples } = await get<{ samples: (number | string)[] | null }>(path);
    return `${SHORT[role]} ${samples === null ? 'not finished' : samples.map(plain).join(' ')}`.trim();
  } catch {
    return '';
  }
}

function plain(value: number | string): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(6) : String(value);
}
