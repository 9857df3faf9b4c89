import { useEffect, useState } from 'preact/hooks';

/** Whether somebody can see the page: one in a tab behind others is told nothing, and costs the coordinator nothing. */
export function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setVisible(!document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return visible;
}
