import { useEffect, useState } from 'preact/hooks';
import { RequestFailed, type Failure } from '../fhir/http';
import { dateTimeText } from '../format/date';
import type { Content } from '../record/content';
import { bestAttachment, mediaType, type Note } from '../record/notes';
import { useContact, usePage } from '../ui/context';
import { NoteFrame } from '../ui/NoteFrame';
import { BlobView } from '../ui/BlobView';
import { Phone } from '../ui/Person';
import { PlainNote } from '../ui/PlainNote';
import { Skeleton } from '../ui/Section';
import { failureWords } from '../ui/words';

/** One note, read in place. */
export default function NoteReader({ note }: { note: Note }) {
  return (
    <article class="note">
      <header>
        <h3>{note.title}</h3>
        <p class="muted">
          {dateTimeText(note.date)}
          {note.preliminary && ', preliminary'}
        </p>
        <Author note={note} />
      </header>
      {note.conclusion && (
        <div class="note-text">
          <p class="label">Conclusion</p>
          <p>{note.conclusion}</p>
        </div>
      )}
      {note.attachments.length > 0 && <Body note={note} />}
      {!note.attachments.length && !note.conclusion && <p class="empty">This note has no text.</p>}
    </article>
  );
}

function Author({ note }: { note: Note }) {
  const { contact } = useContact(note.author, note.source);
  if (!contact?.name) return null;
  return (
    <p>
      {contact.name}
      {contact.role && <span class="muted">, {contact.role}</span>} {contact.phones[0] && <Phone number={contact.phones[0]} />}
    </p>
  );
}

type State = { key: string; content?: Content; failure?: Failure };

function Body({ note }: { note: Note }) {
  const { store } = usePage();
  const [state, setState] = useState<State>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let current = true;
    store.content(note).then(
      (content) => current && setState({ key: note.key, content }),
      (error: unknown) => current && setState({ key: note.key, failure: error instanceof RequestFailed ? error.failure : { kind: 'malformed' } }),
    );
    return () => {
      current = false;
    };
  }, [note.key, attempt, store]);
  if (state?.key !== note.key) return <Skeleton lines={10} />;
  if (state.failure) {
    return <Failed failure={state.failure} again={() => { setState(undefined); setAttempt(attempt + 1); }} />;
  }
  return state.content ? <Shown content={state.content} note={note} /> : null;
}

function Failed({ failure, again }: { failure: Failure; again(): void }) {
  const words = failureWords(failure, 'The text of this note');
  return (
    <div class="trouble" role="alert">
      <p>{words.text}</p>
      {words.again && (
        <button type="button" class="button-second" onClick={again}>
          Try again
        </button>
      )}
      {failure.requestId && <p class="request-id">Request {failure.requestId}</p>}
    </div>
  );
}

function Shown({ content, note }: { content: Content; note: Note }) {
  switch (content.kind) {
    case 'text':
      return <PlainNote text={content.text} />;
    case 'html':
      return <NoteFrame html={content.html} title={note.title} />;
    default: {
      const attachment = bestAttachment(note);
      return <BlobView kind={content.kind} blob={content.blob} title={attachment?.title ?? note.title} type={attachment ? mediaType(attachment) : ''} />;
    }
  }
}
