/** A share drawn as a bar beside its name and value. */

interface BarProps {
  readonly label: string;
  /** 0 to 1. */
  readonly share: number;
  /** What is read of it. */
  readonly value: string;
}

export function Bar({ label, share, value }: BarProps) {
  return (
    <div class="bar">
      <span class="bar-label">{label}</span>
      <span class="bar-track" aria-hidden="true">
        <span class="bar-fill" style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }} />
      </span>
      <span class="bar-value">{value}</span>
    </div>
  );
}

interface MeterProps {
  readonly label: string;
  /** 0 to 1; without it something goes on and nobody knows how long. */
  readonly fraction?: number | undefined;
}

export function Meter({ label, fraction }: MeterProps) {
  return <progress class="meter" aria-label={label} max={1} value={fraction} />;
}
