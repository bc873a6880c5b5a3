"""What the product does, one use case = one transaction. Pages, API, admin and worker all come here."""

from gallery.services.albums import (
    AlbumRefused,
    Shelf,
    add_to_album,
    choose_cover,
    create_album,
    delete_album,
    entries_of,
    move_in_album,
    remove_from_album,
    rename_album,
    shelves,
    sort_album_by_date,
    step_in_album,
)
from gallery.services.batches import (
    close_batches,
    dismiss_batch,
    forget_batches,
    notices_of,
    say_all_sent,
    set_batch_mails,
    wants_batch_mails,
)
from gallery.services.checking import CheckClaim, ask_for_check, begin_check, claim_check, make_check
from gallery.services.collecting import (
    Collected,
    collect_photo,
    collect_result,
    collect_upload,
    collect_waiting,
    delete_images,
    exclude_images,
    include_images,
)
from gallery.services.consent import (
    account_consent,
    consented_at,
    covered_photos,
    give_consent,
    revoke_consent,
)
from gallery.services.copying import Copied, copy_settings
from gallery.services.jobs import (
    Attempt,
    Claim,
    ColoredFiles,
    cancel,
    claim,
    claim_next,
    claim_together,
    fail,
    finish,
    is_held,
    requeue,
    retry_photo,
)
from gallery.services.judging import finish_judging, held_out_for, start_judging, why_not_judged_again
from gallery.services.keys import (
    forget_answers,
    make_key,
    note_use,
    revoke_key,
)
from gallery.services.languages import language_of, set_language
from gallery.services.nearness import look_again_at_copies
from gallery.services.needs import what_is_too_little
from gallery.services.old_previews import clean_previews
from gallery.services.photos import (
    Uploaded,
    delete_account,
    delete_jobs,
    delete_photos,
    describe_photo,
    upload_photo,
)
from gallery.services.previews import (
    PreviewAnswer,
    PreviewClaim,
    PreviewRefused,
    ask_for_preview,
    claim_preview,
    fail_preview,
    finish_preview,
    give_up_preview,
    look_at_preview,
    sweep_previews,
)
from gallery.services.pruning import prunable_versions, prune_versions
from gallery.services.queues import (
    QueueFacts,
    drain_worker,
    idle_workers,
    is_paused,
    may_take,
    pause_queue,
    queue_facts,
    refill_worker,
    resume_queue,
)
from gallery.services.quotas import Quota, QuotaReached, quota_of, require_room, stored_bytes, uploaded_today
from gallery.services.results import (
    accept_result,
    batch_of,
    cancel_batch,
    color_again,
    color_chosen,
    count_outdated,
    outdated_photos,
    show_result,
    unaccept_result,
)
from gallery.services.run_settings import RunSettings
from gallery.services.runs import (
    Heard,
    Progress,
    RunAttempt,
    RunClaim,
    claim_run,
    claimable_runs,
    fail_run,
    finish_run,
    freeze_snapshot,
    give_back_run,
    keep_checkpoint,
    listen,
    record_evaluation,
    report_progress,
    silent_runs,
    spent_runs,
    take_up,
)
from gallery.services.sharing import (
    ShareEnded,
    ShareRefused,
    ShareTerms,
    count_opening,
    create_share,
    delete_shares,
    drop_copies,
    drop_copies_of_ended_shares,
    fits_password,
    is_offered,
    revoke_share,
    shared_file,
    shared_photos,
)
from gallery.services.snapshots import (
    Snapshot,
    SnapshotPicture,
    count_learned,
    count_withdrawn,
    read_snapshot,
)
from gallery.services.strays import remove_stray_outcomes, remove_stray_samples
from gallery.services.toned import say_tone
from gallery.services.training import (
    RunPlan,
    TrainingRefused,
    cancel_run,
    plan_run,
    start_run,
)
from gallery.services.trash import (
    IN_TRASH,
    KEPT_FOR_DAYS,
    OVERDUE,
    overdue_in_trash,
    restore_photos,
    trash_photos,
)
from gallery.services.variants import (
    PhotoGone,
    check_version,
    is_sheet_whole,
    order_four,
    order_variant,
    sheet_jobs,
)
from gallery.services.versions import (
    Judged,
    NewVersion,
    PromotionRefused,
    Votes,
    active_version,
    can_be_overridden,
    count_votes,
    ensure_shipped_version,
    is_gate_stale,
    keep_shipped_weights,
    promote_version,
    record_vote,
    reject_version,
    versions_before,
    versions_that_learned_from,
    versions_that_saw,
    why_not_promoted,
)
from gallery.services.webhooks import (
    remove_webhook,
    renew_secret,
    send_again,
    send_test,
    set_webhook,
)
from gallery.services.workers import (
    WorkerFacts,
    WorkerState,
    beat,
    register_worker,
    retire_worker,
)
