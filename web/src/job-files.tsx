import { lazy, Suspense } from 'preact/compat';
import { useEffect, useState } from 'preact/hooks';
import type { PageFile } from '../../proto/page/messages';
import { get } from './server/api';
import { bytes } from './text/format';

const Viewer = lazy(() => import('./view/viewer').then(({ Viewer }) => ({ default: Viewer })));

/** What a job over many images has written, and its report. */
export function Files({ id, report }: { id: string; report: boolean }) {
  const [files, setFiles] = useState<readonly PageFile[]>([]);
  const [next, setNext] = useState<string | undefined>('');
  const [open, setOpen] = useState<PageFile>();
  const more = async () => {
    const query = next ? `?after=${encodeURIComponent(next)}` : '';
    const page = await get<{ files: PageFile[]; next?: string }>(`/api/jobs/${id}/files${query}`);
    setFiles((known) => [...known, ...page.files]);
    setNext(page.next);
  };
  useEffect(() => void more(), [id]);
  return (
    <>
      {report && <iframe class="report" title="Report" src={`/api/jobs/${id}/report`} />}
      <h2>Files</h2>
      {open?.picture !== undefined && (
        <Suspense fallback={<p class="empty">Loading…</p>}>
          <Viewer finished pictures={[{ id: open.picture, label: open.name, role: 'file' }]} />
        </Suspense>
      )}
      <ul class="files">
        {files.map((file) => (
          <li key={file.name}>
            {file.picture === undefined ? (
              file.name
            ) : (
              <button type="button" class="link" aria-pressed={open?.name === file.name} onClick={() => setOpen(file)}>
                {file.name}
              </button>
            )}{' '}
            <span class="faint">{bytes(file.size)}</span>
          </li>
        ))}
      </ul>
      {next !== undefined && next !== '' && (
        <button type="button" onClick={() => void more()}>
          More files
        </button>
      )}
    </>
  );
}
