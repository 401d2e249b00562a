/** The same request to copy: for a shell, for any JavaScript, and with the SDK. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { Scrolling } from '../components/scrolling.tsx';
import { Tabs } from '../components/tabs.tsx';
import { type Request, SNIPPETS, type SnippetKind, snippet } from './snippets.ts';

const TITLES: Readonly<Record<SnippetKind, string>> = { curl: 'curl', fetch: 'fetch', sdk: 'SDK' };
const TOLD_MS = 2_000;

export function SnippetView({ request }: { readonly request: Request }) {
  const kind = useSignal<SnippetKind>('curl');
  const told = useSignal('');
  const text = snippet(kind.value, request);
  const forgetting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const copy = async () => {
    clearTimeout(forgetting.current);
    told.value = '';
    told.value = await navigator.clipboard.writeText(text).then(
      () => 'Copied',
      () => 'The browser refuses; select and copy it',
    );
    forgetting.current = setTimeout(() => {
      told.value = '';
    }, TOLD_MS);
  };
  return (
    <section class="snippets" aria-label="The same from elsewhere">
      <h3>The same from elsewhere</h3>
      <Tabs
        label="Ways to ask"
        tabs={SNIPPETS.map((id) => ({ id, title: TITLES[id] }))}
        current={kind.value}
        onChange={(id) => {
          kind.value = id;
        }}
      >
        <div class="snippet">
          <Scrolling label={`${TITLES[kind.value]} snippet`} class="code-block">
            <pre>{text}</pre>
          </Scrolling>
          <div class="row">
            <Button onClick={() => void copy()}>Copy</Button>
            <span class="small muted" role="status">
              {told.value}
            </span>
          </div>
        </div>
      </Tabs>
    </section>
  );
}
