/** Sends a model's file to a service, and says what came of it. */
import { createClient, type PublishedModel } from '@lacuna/client';
import type { Signal } from '@preact/signals';
import { useSignal } from '@preact/signals';
import { isArtifactName } from '../artifact-name.ts';
import { Meter } from '../components/bar.tsx';
import { Button } from '../components/button.tsx';
import { SelectField, TextField } from '../components/field.tsx';
import { Note } from '../components/notes.tsx';
import { bytes } from '../format.ts';
import type { StudioModel } from '../project.ts';
import type { Format } from './downloads.tsx';
import { FailureNote } from './failure-note.tsx';
import { type ServiceAccess, serviceAddress } from './service-access.ts';

export interface Published extends PublishedModel {
  /** Of the service. */
  readonly address: string;
}

interface PushFormProps {
  readonly model: StudioModel;
  readonly access: ServiceAccess;
  readonly name: Signal<string>;
  readonly description: Signal<string>;
  readonly isOnline: boolean;
  readonly onPublished: (published: Published) => void;
}

export function PushForm({ model, access, name, description, isOnline, onPublished }: PushFormProps) {
  const format = useSignal<Format>('int8');
  const isNewOnly = useSignal(false);
  const fraction = useSignal<number | undefined>(undefined);
  const failure = useSignal<unknown>(undefined);
  const published = useSignal<Published | undefined>(undefined);
  const stop = useSignal<AbortController | undefined>(undefined);
  const address = serviceAddress(access.address.value);
  const isName = isArtifactName(name.value);
  const isBusy = fraction.value !== undefined;
  const isReady = address !== undefined && isName && access.key.value.trim() !== '';
  const push = async (to: string) => {
    const abort = new AbortController();
    stop.value = abort;
    failure.value = undefined;
    published.value = undefined;
    fraction.value = 0;
    try {
      const file = await model.artifact(format.value);
      const client = createClient({ baseUrl: to, key: access.key.value.trim(), retries: 0 });
      const about = description.value.trim();
      const answer = await client.publish(name.value, file, {
        ...(about === '' ? {} : { description: about }),
        createOnly: isNewOnly.value,
        signal: abort.signal,
        onProgress: (sent) => {
          fraction.value = sent;
        },
      });
      published.value = { ...answer, address: to };
      onPublished(published.value);
    } catch (error) {
      failure.value = error;
    } finally {
      fraction.value = undefined;
      stop.value = undefined;
    }
  };
  return (
    <form
      class="push-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !isBusy && address) void push(address);
      }}
    >
      <div class="fields">
        <TextField
          label="Service"
          type="url"
          value={access.address.value}
          disabled={isBusy}
          invalid={address === undefined}
          hint={address === undefined ? 'An address, such as https://lacuna.example.workers.dev' : undefined}
          onInput={(value) => {
            access.address.value = value;
          }}
        />
        <TextField
          label="API key"
          type="password"
          value={access.key.value}
          placeholder="lk_…"
          disabled={isBusy}
          hint={
            <>
              With the scope write. <code>npm start</code> prints one.
            </>
          }
          onInput={(value) => {
            access.key.value = value;
          }}
        />
        <TextField
          label="Name there"
          value={name.value}
          disabled={isBusy}
          invalid={!isName}
          hint={isName ? undefined : 'Lower-case letters, digits, dots and dashes, 64 at most.'}
          onInput={(value) => {
            name.value = value;
          }}
        />
        <TextField
          label="Description"
          value={description.value}
          disabled={isBusy}
          placeholder="One line, if you like"
          onInput={(value) => {
            description.value = value;
          }}
        />
        {model.id.startsWith('run:') && (
          <SelectField<Format>
            label="Weights"
            value={format.value}
            disabled={isBusy}
            options={[
              { value: 'int8', label: 'int8, a quarter of the bytes' },
              { value: 'none', label: 'float32' },
            ]}
            onChange={(value) => {
              format.value = value;
            }}
          />
        )}
      </div>
      <div class="checks">
        <Check label="Keep the address and the key on this device" value={access.isKept} disabled={isBusy} />
        <Check label="Only if the name is new" value={isNewOnly} disabled={isBusy} />
      </div>
      {!isOnline && (
        <Note kind="warning">You are offline. A service on this machine can still be reached; others cannot.</Note>
      )}
      <div class="row">
        <Button kind="primary" type="submit" disabled={!isReady} busy={isBusy}>
          {isBusy ? 'Publishing…' : 'Publish'}
        </Button>
        {isBusy && <Button onClick={() => stop.value?.abort()}>Stop</Button>}
      </div>
      <div class="push-outcome">
        {isBusy && <Meter label="Upload" fraction={fraction.value === 1 ? undefined : fraction.value} />}
        {failure.value !== undefined && <FailureNote error={failure.value} address={address ?? ''} />}
        {published.value && (
          <div class="note good" role="status">
            <p>
              Published{' '}
              <strong>
                {published.value.name}@{published.value.version}
              </strong>
              , {bytes(published.value.size_bytes)}, at {published.value.address}.
            </p>
          </div>
        )}
      </div>
    </form>
  );
}

interface CheckProps {
  readonly label: string;
  readonly value: Signal<boolean>;
  readonly disabled: boolean;
}

function Check({ label, value, disabled }: CheckProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={value.value}
        disabled={disabled}
        onChange={(event) => {
          value.value = event.currentTarget.checked;
        }}
      />
      {label}
    </label>
  );
}
