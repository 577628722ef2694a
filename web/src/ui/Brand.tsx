/** The logo: the lines of a page become a point, as a document becomes a vector. */
export function Brand({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <rect width="32" height="32" rx="8" fill="#0f6e74" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round">
        <path d="M8 11h16" />
        <path d="M8 16h11" opacity=".8" />
        <path d="M8 21h6" opacity=".6" />
      </g>
      <circle cx="23" cy="21" r="2.6" fill="#8ff0dc" />
    </svg>
  );
}
